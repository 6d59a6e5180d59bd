import { describe, expect, it } from 'vitest';
import { pathwayMetrics } from '../../sdk/src/metrics.ts';
import { Pathways, seededRandom } from '../../sdk/src/pathway.ts';
import { Recorder } from '../../sdk/src/recorder.ts';
import type { ReceivedPoint } from './otlp-server.ts';
import { checkpoints, exactQuantile, quantile, type SeenCheckpoint } from './pathway-points.ts';

/** A message under way, and what is true of it whatever its header says. Times in microseconds. */
interface Sent {
  readonly header: string;
  readonly at: number;
  readonly began: number;
}

const START = 1_760_000_000_000_000;
const random = seededRandom(7);
/** Log-normal delays around `median` microseconds, as queues and services have them. */
const delay = (median: number, spread: number) => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(median * Math.exp(spread * normal));
};

class Service {
  readonly pathways: Pathways;
  now = START;
  readonly #in: string;
  readonly #out: string;

  constructor(name: string, from: string, to: string) {
    const recorder = new Recorder(name, { windows: 1e6 });
    recorder.active = true;
    this.pathways = new Pathways(recorder, () => this.now, 11);
    this.#in = from;
    this.#out = to;
  }

  get route() {
    return this.pathways.recorder.route({ direction: 'in', system: 'kafka', destination: this.#in, group: 'g' });
  }

  /** Sends a message; `copied` is the header it came with, where it is sent on with its headers. */
  send(began: number, copied?: string): Sent {
    const place = { direction: 'out', system: 'kafka', destination: this.#out, group: '' } as const;
    const sending = this.pathways.send(this.pathways.recorder.route(place));
    const sent = { header: sending.header(copied), at: this.now, began };
    sending.end();
    return sent;
  }

  /** Receives messages in batches of `size` (each when its last one is there) and handles each batch. */
  receive(messages: readonly Sent[], size: number, median: number, handle: (batch: Sent[]) => Sent[]): Sent[] {
    const arrived = messages.map((message) => ({ message, at: message.at + delay(median, 0.6) }));
    arrived.sort((a, b) => a.at - b.at);
    const out: Sent[] = [];
    for (let i = 0; i < arrived.length; i += size) {
      const batch = arrived.slice(i, i + size);
      this.now = (batch.at(-1) as { at: number }).at;
      const received = batch.map(({ message }) => message);
      const handled =
        size === 1
          ? this.pathways.receive(this.route, Buffer.from((received[0] as Sent).header))
          : this.pathways.receiveBatch(
              this.route,
              received.map(({ header }) => Buffer.from(header)),
            );
      this.now += delay(4000, 0.4);
      this.pathways.handling.run(handled, () => out.push(...handle(received)));
    }
    return out;
  }

  /** The checkpoints as a flush would report them. */
  report(): SeenCheckpoint[] {
    const points = pathwayMetrics(this.pathways.recorder, START / 1000, START / 1000 + 10_000).flatMap((metric) =>
      metric.dataPoints.map((point): ReceivedPoint => {
        const value = point.value as { count: number } | number;
        const nanos = BigInt(point.startTime[0]) * 1_000_000_000n + BigInt(point.startTime[1]);
        return {
          metric: metric.descriptor.name,
          kind: '',
          point: typeof value === 'number' ? { asInt: value, startTimeUnixNano: nanos } : { ...value },
          attributes: point.attributes,
          resource: {},
        };
      }),
    );
    return checkpoints(points);
  }
}

/** Messages of a source, one every few milliseconds. */
function source(to: string, count: number): { service: Service; sent: Sent[] } {
  const service = new Service(`source-${to}`, '', to);
  const sent: Sent[] = [];
  for (let i = 0; i < count; i++) {
    service.now += delay(3000, 0.5);
    sent.push(service.send(service.now));
  }
  return { service, sent };
}

function expectQuantiles(seen: SeenCheckpoint | undefined, truth: readonly number[]) {
  expect(seen?.latencies).toBe(truth.length);
  for (const q of [0.5, 0.95, 0.99]) {
    const exact = exactQuantile(truth, q) / 1e6;
    const found = quantile(seen as SeenCheckpoint, q);
    expect(Math.abs(found - exact) / exact, `p${q * 100}: ${found} for ${exact}`).toBeLessThan(0.01);
  }
}

/** Five hops one after another, each of which sends on what it receives. */
function fiveHops(size: number, count: number, send: (hop: Service, message: Sent) => Sent) {
  const { sent } = source('t1', count);
  let messages = sent;
  let last = new Service('', '', '');
  for (const i of [1, 2, 3, 4, 5]) {
    const hop = new Service(`hop-${i}`, `t${i}`, `t${i + 1}`);
    messages = hop.receive(messages, size, 8000 * i, (batch) => batch.map((message) => send(hop, message)));
    last = hop;
  }
  const report = last.report();
  expect(report.map(({ direction }) => direction)).toEqual(['in', 'out']);
  return { began: sent.map(({ began }) => began), messages, arrival: report[0], departure: report[1] };
}

/** How many began in each ten seconds. */
function windowsOf(began: readonly number[]): Map<number, number> {
  const windows = new Map<number, number>();
  for (const at of began) {
    const window = Math.floor(at / 1e7) * 10;
    windows.set(window, (windows.get(window) ?? 0) + 1);
  }
  return windows;
}

const latencies = (messages: readonly Sent[]) => messages.map(({ at, began }) => at - began);
const sorted = (windows: ReadonlyMap<number, number> | undefined) => [...(windows ?? [])].sort((a, b) => a[0] - b[0]);

describe.each([1, 3, 10, 100, 1000])('the end of five hops, in batches of %i', (size) => {
  it('p50, p95 and p99 are within 1 % where messages keep the headers they came with', () => {
    const { began, messages, arrival, departure } = fiveHops(size, 10_000, (hop, { began: at, header }) =>
      hop.send(at, header),
    );
    expectQuantiles(departure, latencies(messages));
    for (const seen of [arrival, departure]) expect(sorted(seen?.windows)).toEqual(sorted(windowsOf(began)));
  });

  it('and where nobody knows which message became which', () => {
    const { began, messages, arrival, departure } = fiveHops(size, 60_000, (hop, { began: at }) => hop.send(at));
    expectQuantiles(departure, latencies(messages));
    // Each record of a batch is drawn once, so that the counts are exact all the same.
    for (const seen of [arrival, departure]) expect(sorted(seen?.windows)).toEqual(sorted(windowsOf(began)));
  });
});

describe('what is not one to one', () => {
  it('fan-out: siblings, each as old as the record they were made from', () => {
    const { sent } = source('t1', 5000);
    const split = new Service('split', 't1', 't2');
    const parts = split.receive(sent, 1, 9000, ([message]) => [1, 2, 3].map(() => split.send((message as Sent).began)));
    const [arrival, departure] = split.report();
    expect(departure).toMatchObject({ parent: arrival?.hash, records: 15_000 });
    const sink = new Service('sink', 't2', 't3');
    sink.receive(parts, 7, 9000, () => []);
    const seen = sink.report();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ parent: departure?.hash, records: 15_000 });
    expectQuantiles(departure, latencies(parts));
  });

  it('filter: half of each batch, and the latencies of a half drawn at random', () => {
    const { sent } = source('t1', 60_000);
    const filter = new Service('filter', 't1', 't2');
    const kept = filter.receive(sent, 20, 30_000, (batch) =>
      batch.filter(() => random() < 0.5).map((message) => filter.send(message.began)),
    );
    const [arrival, departure] = filter.report();
    expect(arrival?.records).toBe(60_000);
    expect(departure?.records).toBe(kept.length);
    expectQuantiles(departure, latencies(kept));
  });

  it('join: a result is as old as its older half', () => {
    const left = source('left', 8000);
    const right = source('right', 8000);
    const join = new Service('join', 'left', 'joined');
    const results: Sent[] = [];
    for (const [i, one] of left.sent.entries()) {
      const other = right.sent[i] as Sent;
      join.now = Math.max(one.at, other.at) + delay(12_000, 0.5);
      const positions = [one, other].map(({ header }) => join.pathways.receive(join.route, header));
      const oldest = positions.reduce((a, b) => (b.origin < a.origin ? b : a));
      join.pathways.handling.run(oldest, () => {
        results.push(join.send(Math.min(one.began, other.began)));
      });
    }
    const out = join.report().filter(({ direction }) => direction === 'out');
    // One checkpoint for each side that may be the older one; together they are all results.
    expect(out).toHaveLength(2);
    expect(out.reduce((sum, { records }) => sum + records, 0)).toBe(8000);
    const together = out[0] as SeenCheckpoint;
    for (const [index, count] of out[1]?.buckets ?? []) {
      together.buckets.set(index, (together.buckets.get(index) ?? 0) + count);
    }
    together.latencies = 8000;
    expectQuantiles(together, latencies(results));
  });
});
