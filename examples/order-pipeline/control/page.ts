import { FAULT_NAMES, FAULTS } from '../faults.ts';
import { CONSUMERS, STAGES } from '../topics.ts';

const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --line: #dde1e7; --text: #171b22; --quiet: #5b6472;
  --accent: #0d6e6e; --bad: #b42318; --bad-soft: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1318; --card: #171c23; --line: #2a313b; --text: #e7eaef;
  --quiet: #97a1b0; --accent: #4fc3bd; --bad: #ff8a7a; --bad-soft: #35201e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; letter-spacing: -.01em; }
p { margin: 0; color: var(--quiet); }
.flow { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: 1.25rem 0 1.75rem; font-size: .85rem; }
.flow b { font-weight: 550; border: 1px solid var(--line); background: var(--card); border-radius: .4rem; padding: .2rem .55rem; }
.flow b.hit { border-color: var(--bad); color: var(--bad); background: var(--bad-soft); }
.flow span { color: var(--quiet); font: .8rem ui-monospace, monospace; }
ul { list-style: none; padding: 0; margin: 0; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); overflow: hidden; }
li { display: flex; gap: 1rem; align-items: center; padding: 1rem 1.15rem; }
li + li { border-top: 1px solid var(--line); }
li.on { background: var(--bad-soft); }
li div { flex: 1; }
li h2 { font-size: 1rem; margin: 0; }
li p { font-size: .9rem; }
li small { color: var(--bad); }
button { appearance: none; border: 0; width: 3rem; height: 1.65rem; border-radius: 1rem; background: var(--line); position: relative; cursor: pointer; transition: background .15s; flex: none; }
button::after { content: ""; position: absolute; top: .2rem; left: .2rem; width: 1.25rem; height: 1.25rem; border-radius: 50%; background: #fff; box-shadow: 0 1px 2px #0004; transition: left .15s; }
button[aria-checked=true] { background: var(--bad); }
button[aria-checked=true]::after { left: 1.55rem; }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
footer { margin-top: 1rem; font-size: .85rem; color: var(--quiet); }
code { font: .85em ui-monospace, monospace; }`;

const SCRIPT = `
const items = [...document.querySelectorAll('li')];
const since = (time) => { const s = Math.max(0, Math.round((Date.now() - time) / 1000)); return s < 90 ? s + ' s' : Math.round(s / 60) + ' min'; };
function show({ faults }) {
  document.getElementById('state').textContent = '';
  const hit = new Set(faults.filter((fault) => fault.on).map((fault) => fault.stage));
  for (const stage of document.querySelectorAll('.flow b')) stage.classList.toggle('hit', hit.has(stage.textContent));
  for (const fault of faults) {
    const item = items.find((li) => li.dataset.name === fault.name);
    item.classList.toggle('on', fault.on);
    item.querySelector('button').setAttribute('aria-checked', fault.on);
    item.querySelector('small').textContent = fault.on ? 'on for ' + since(fault.since) : '';
  }
}
async function call(path, init) {
  try { show(await (await fetch(path, init)).json()); }
  catch { document.getElementById('state').textContent = 'The demo does not answer: it may have been stopped.'; }
}
for (const item of items) item.querySelector('button').onclick = (event) => call('/faults/' + item.dataset.name, {
  method: 'POST', headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ on: event.currentTarget.getAttribute('aria-checked') !== 'true' }) });
call('/faults');
setInterval(() => call('/faults'), 2000);`;

function flow(): string {
  const [first, ...rest] = STAGES;
  const parts = rest.map((stage) => {
    const topic = CONSUMERS.find((consumer) => consumer.stage === stage)?.topic ?? '';
    return `<span>${topic} →</span><b>${stage}</b>`;
  });
  return `<b>${first}</b>${parts.join('')}`;
}

/** The switch as a page without dependencies: stages on top, one row per fault. */
export function controlPage(broker: string, command: string): string {
  const rows = FAULT_NAMES.map((name) => {
    const { title, description } = FAULTS[name];
    return `<li data-name="${name}"><div><h2 id="${name}">${title} <small></small></h2><p>${description}</p></div>
<button role="switch" aria-checked="false" aria-labelledby="${name}"></button></li>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Order pipeline: fault switch</title><style>${STYLE}</style></head>
<body><main><h1>Order pipeline</h1>
<p>Break a stage and watch Weir find it. Switched off, the pipeline recovers by itself within about a minute.</p>
<div class="flow">${flow()}</div>
<ul>${rows.join('')}</ul>
<footer>Broker: ${broker}. From a terminal: <code>${command}</code> <span id="state" role="status"></span></footer>
</main><script>${SCRIPT}</script></body></html>
`;
}
