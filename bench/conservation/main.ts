import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';
import { simulate } from './simulation.ts';

const HELP = `node bench/conservation/main.ts [options]

Simulated edges, judged as the pipelines role judges them: alarms where nothing is lost, and how long a drop takes to be noticed.

  --weeks <n>          weeks without a drop for each scenario and rate (1)
  --drops <n>          drops of each share for each scenario and rate (5)
  --rates <list>       records per second (10,100,1000)
  --scenario <name>    one of: ${Object.keys(SCENARIOS).join(', ')}
`;

const { values } = parseArgs({
  options: {
    weeks: { type: 'string', default: '1' },
    drops: { type: 'string', default: '5' },
    rates: { type: 'string', default: '10,100,1000' },
    scenario: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const DAY = 8640;
const WEEK = 7 * DAY;
/** A drop that is not noticed within three hours counts as missed. */
const PATIENCE = 1080;
const SHARES = [0.01, 0.001] as const;
const rates = values.rates.split(',').map(Number);
const names = values.scenario === undefined ? Object.keys(SCENARIOS) : [values.scenario];
const [weeks, drops] = [Number(values.weeks), Number(values.drops)];

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly alarms: number;
  readonly detectable: string;
  readonly delays: readonly string[];
}

function falseAlarms(name: string, rate: number): { alarms: number; detectable: number } {
  let [alarms, detectable] = [0, Number.NaN];
  for (let week = 0; week < weeks; week++) {
    let before = '';
    simulate((SCENARIOS[name] as (rate: number) => never)(rate), 1 + week, DAY + WEEK, ({ step, verdict }) => {
      const alarm = verdict.state === 'dropping' || verdict.state === 'stopped';
      if (alarm && before !== verdict.state && step >= DAY) alarms++;
      before = verdict.state;
      if (!Number.isNaN(verdict.detectable)) ({ detectable } = verdict);
      return false;
    });
  }
  return { alarms, detectable };
}

function delayOf(name: string, rate: number, share: number): string {
  const seconds: number[] = [];
  let foretold = Number.NaN;
  for (let i = 0; i < drops; i++) {
    const from = DAY + Math.floor((i * DAY) / drops);
    const world = { ...(SCENARIOS[name] as (rate: number) => object)(rate), drop: { from, share } };
    let found = Number.POSITIVE_INFINITY;
    simulate(world as never, 1000 + i, from + PATIENCE, ({ step, verdict }) => {
      if (step === from - 1) foretold = share === 0.01 ? verdict.delay1 : verdict.delay01;
      if (step < from || verdict.state !== 'dropping') return false;
      found = (step + 1 - from) * 10;
      return true;
    });
    seconds.push(found);
  }
  seconds.sort((a, b) => a - b);
  const missed = seconds.filter((value) => value === Number.POSITIVE_INFINITY).length;
  const middle = seconds[(seconds.length - 1) >> 1] as number;
  const text = Number.isFinite(middle) ? `${middle} s` : 'none';
  return `${text}${missed > 0 ? ` (${missed} of ${drops} missed)` : ''} [${Number.isNaN(foretold) ? '-' : Math.round(foretold)} s]`;
}

const rows: Row[] = [];
for (const name of names) {
  for (const rate of rates) {
    const { alarms, detectable } = falseAlarms(name, rate);
    const delays = SHARES.map((share) => delayOf(name, rate, share));
    rows.push({ name, rate, alarms, detectable: `${(detectable * 100).toPrecision(2)} %`, delays });
    const row = rows.at(-1) as Row;
    process.stdout.write(
      `| ${name} | ${rate} | ${row.alarms} in ${weeks} weeks | ${row.detectable} | ${row.delays.join(' | ')} |\n`,
    );
  }
}
const total = rows.reduce((sum, { alarms }) => sum + alarms, 0);
process.stdout.write(`\n${total} false alarms in ${rows.length * weeks} edge-weeks\n`);
