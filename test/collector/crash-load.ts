import { Agent, request as httpRequest } from 'node:http';
import { encodeRequest } from '../../collector/otlp/encode.ts';
import type { OtlpRequests, OtlpSignal } from '../../collector/otlp/model.ts';

/** Items in one request of any signal. */
export const ITEMS = 20;
export const SENDERS = 6;

interface Sent {
  readonly signal: OtlpSignal;
  readonly id: string;
  readonly body: Uint8Array;
}

/** Senders that repeat what was not answered, as an exporter does, over any number of crashes. */
export class Load {
  readonly acknowledged: Readonly<Record<OtlpSignal, Set<string>>> = {
    traces: new Set(),
    logs: new Set(),
    metrics: new Set(),
  };
  /** Sent, and not acknowledged yet. */
  readonly unanswered: Sent[] = [];
  readonly #time = BigInt(Date.now() - 600_000) * 1_000_000n;
  #requests = 0;

  get total(): number {
    return Object.values(this.acknowledged).reduce((sum, ids) => sum + ids.size, 0);
  }

  /** Each sender sends one request after the other until `isOver`. */
  async run(address: string, isOver: () => boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
    const sender = async () => {
      while (!isOver()) {
        const sent = this.unanswered.shift() ?? this.#next();
        const status = await post(`${address}/v1/${sent.signal}`, sent.body, agent);
        if (status === 200) this.acknowledged[sent.signal].add(sent.id);
        else this.unanswered.push(sent);
        if (status !== 200) await new Promise((next) => setTimeout(next, 10));
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
    agent.destroy();
  }

  #next(): Sent {
    const signal = (['traces', 'logs', 'metrics', 'traces'] as const)[this.#requests % 4] ?? 'traces';
    const id = String(++this.#requests);
    return { signal, id, body: encodeRequest(signal, this.#request(id)[signal]) };
  }

  #request(id: string): OtlpRequests {
    const text = (value: string) => ({ stringValue: value });
    const resource = { attributes: [{ key: 'service.name', value: text('crash') }] };
    const attributes = [{ key: 'request', value: text(id) }];
    const each = <T>(make: (hex: string, i: number) => T): T[] =>
      Array.from({ length: ITEMS }, (_, i) => make((this.#requests * 100 + i + 1).toString(16), i));
    const time = this.#time;
    const spans = each((hex) => ({
      traceId: hex.padStart(32, '0'),
      spanId: hex.padStart(16, '0'),
      kind: 2,
      name: 'work',
      startTimeUnixNano: time,
      endTimeUnixNano: time + 1_000_000n,
      attributes,
    }));
    const logRecords = each((_, i) => ({ timeUnixNano: time, body: text(String(i)), attributes }));
    const dataPoints = each((_, i) => ({ timeUnixNano: time, asInt: BigInt(i), attributes }));
    const metrics = [
      { name: 'crash.gauge', gauge: { dataPoints } },
      { name: 'crash.sum', sum: { dataPoints, aggregationTemporality: 1, isMonotonic: true } },
    ];
    return {
      traces: { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] },
      logs: { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] },
      metrics: { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] },
    };
  }
}

/** The status of the answer; 0 when there was none. */
function post(url: string, body: Uint8Array, agent: Agent): Promise<number> {
  return new Promise((done) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const request = httpRequest(url, { method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.on('end', () => done(response.statusCode ?? 0));
      response.on('error', () => done(0));
      response.on('close', () => done(0));
    });
    request.on('error', () => done(0));
    request.end(body);
  });
}
