import { useState } from 'preact/hooks';
import type { ReceiverView, SetupView } from '../../core/view.ts';
import { read } from '../client.ts';
import { formatAge } from '../format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { useResource } from '../resource.ts';
import { clock, step } from '../state.ts';

const TITLES: Readonly<Record<string, string>> = {
  store: 'Store',
  collector: 'Collector',
  detector: 'Detector',
  pipelines: 'Pipeline model',
  alerting: 'Alerting',
  api: 'API and pages',
  engine: 'Store',
};

/** Nothing has arrived yet: what to send and where, and what listens. */
export function FirstRun() {
  const { value, error } = useResource<SetupView>('setup', step.value, (signal) => read('/api/setup', {}, signal));
  const http = value?.receivers.find((receiver) => /http/i.test(receiver.name))?.address || 'http://localhost:4318';
  return (
    <div class="first-run">
      <section>
        <h1>Listening. Nothing has arrived yet.</h1>
        <p class="lead">
          Point your telemetry at this address and the map draws itself. The first signals show within 10 s, expected
          bands after about an hour.
        </p>
        <ol class="steps">
          <Step
            number={1}
            title="Tell your service where to send"
            code={`OTEL_SERVICE_NAME=order-enrich\nOTEL_EXPORTER_OTLP_ENDPOINT=${http}`}
          />
          <Step number={2} title="Or send one test span now" code={testSpan(http)} />
          <Step number={3} title="Or watch the demo pipeline" code="npm run demo" />
        </ol>
      </section>
      <aside>
        <Sketch />
        <p class="caption">Your pipeline will appear here, from producers on the left to datasets on the right.</p>
        <section class="panel" aria-label="What is listening">
          <header>
            <h2>What is listening</h2>
            <span class="side">{value === undefined ? '' : `checked ${formatAge(value.now, clock.value)}`}</span>
          </header>
          {error === '' ? null : <p class="nothing">This could not be read: {error}</p>}
          {(value?.receivers ?? []).map((receiver) => (
            <ReceiverRow key={receiver.name} receiver={receiver} />
          ))}
        </section>
        <section class="panel hint">
          <b>Sent something and it is not here?</b>
          <p>
            Rejected requests are answered with their reason and counted by it under /metrics. If a sender is on another
            machine, the collector must listen on an address it can reach, which demands a token.
          </p>
        </section>
      </aside>
    </div>
  );
}

/** One span of now, sent with nothing but a shell. */
function testSpan(http: string): string {
  const now = `"'$(date +%s)'000000000"`;
  return [
    `curl ${http}/v1/traces -H 'content-type: application/json' -d '`,
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",',
    '"value":{"stringValue":"hello"}}]},"scopeSpans":[{"spans":[{"name":"hello",',
    '"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",',
    `"kind":2,"startTimeUnixNano":${now},"endTimeUnixNano":${now}}]}]}]}'`,
  ].join('\n');
}

function ReceiverRow({ receiver }: { receiver: ReceiverView }) {
  return (
    <div class="row receiver">
      <Glyph state={receiver.ready ? 'healthy' : 'idle'} size={9} />
      <span class="receiver-name">{TITLES[receiver.name] ?? receiver.name}</span>
      <code class="ink2 ellipsis">{receiver.address}</code>
      <span class="end ink3">{receiver.detail}</span>
    </div>
  );
}

function Step({ number, title, code }: { number: number; title: string; code: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(code).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), 2000);
      },
      () => setCopied(false),
    );
  };
  return (
    <li>
      <span class="step-number">{number}</span>
      <h2>{title}</h2>
      <div class="code">
        <pre>{code}</pre>
        <button type="button" class="control" onClick={copy}>
          <Icon name={copied ? 'check' : 'copy'} /> {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
    </li>
  );
}

/** Where the map will be: dashed places, no invented names or numbers. */
function Sketch() {
  const box = (x: number, y: number, wide: number) => (
    <g key={`${x}${y}`}>
      <rect x={x} y={y} width={wide} height="52" rx="6" />
      <rect class="bar" x={x + 12} y={y + 13} width={wide * 0.5} height="7" rx="2" />
      <rect class="bar" x={x + 12} y={y + 30} width={wide * 0.3} height="7" rx="2" />
    </g>
  );
  return (
    <svg class="sketch" viewBox="0 0 640 190" aria-hidden="true">
      <path d="M128 40H262M128 150H160Q168 150 168 142V48Q168 40 176 40M392 40H482Q490 40 490 48V100Q490 108 498 108H506M392 40H506" />
      <path d="M326 66V112" />
      {box(2, 14, 126)}
      {box(2, 124, 126)}
      {box(262, 14, 130)}
      {box(262, 112, 130)}
      {box(506, 14, 130)}
      {box(506, 84, 130)}
      <circle class="drop ring" cx="194" cy="40" r="16" />
      <circle class="drop ring" cx="194" cy="40" r="10" />
      <circle class="drop" cx="194" cy="40" r="4.5" />
    </svg>
  );
}
