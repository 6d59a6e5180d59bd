import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../store/client.ts';
import { Latencies, type LatencySummary } from './latencies.ts';
import { Message } from './message.ts';

export const MARKER_SERVICE = 'bench-marker';
const POLL_MS = 10;
const LOST_MS = 60_000;

export interface MarkerReport {
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds from sending to the acknowledgement, and to the first query that sees the span. */
  readonly ack: LatencySummary;
  readonly visible: LatencySummary;
}

/** One span on its own, again and again, each looked for by a query until it is found. */
export class Markers {
  readonly #ack = new Latencies();
  readonly #visible = new Latencies();
  readonly #url: string;
  readonly #store: Store;
  #sent = 0;
  #lost = 0;
  #ended = false;
  readonly #running: Promise<void>;

  constructor(url: string, store: Store, everyMs: number) {
    this.#url = url;
    this.#store = store;
    this.#running = this.#run(everyMs);
  }

  async end(): Promise<MarkerReport> {
    this.#ended = true;
    await this.#running;
    return { sent: this.#sent, lost: this.#lost, ack: this.#ack.summary(), visible: this.#visible.summary() };
  }

  async #run(everyMs: number): Promise<void> {
    const looking: Promise<void>[] = [];
    while (!this.#ended) {
      looking.push(this.#one());
      await sleep(everyMs);
    }
    await Promise.all(looking);
  }

  async #one(): Promise<void> {
    const name = `marker-${this.#sent++}`;
    const began = performance.now();
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${this.#url}/v1/traces`, { method: 'POST', headers, body: markerRequest(name) });
    await answer.arrayBuffer();
    if (!answer.ok) {
      this.#lost++;
      return;
    }
    this.#ack.record(performance.now() - began);
    while (performance.now() - began < LOST_MS) {
      const found = await this.#store.rows(
        `SELECT 1 AS found FROM otel_traces WHERE ServiceName = '${MARKER_SERVICE}' AND SpanName = {name:String} LIMIT 1`,
        { name },
      );
      if (found.length > 0) {
        this.#visible.record(performance.now() - began);
        return;
      }
      await sleep(POLL_MS);
    }
    this.#lost++;
  }
}

function markerRequest(name: string): Uint8Array<ArrayBuffer> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = new Message().text(1, randomBytes(16)).text(2, randomBytes(8)).text(5, name).integer(6, 1);
  span.fixed64(7, now - 1_000_000n).fixed64(8, now);
  const resource = new Message().attributes(1, { 'service.name': MARKER_SERVICE });
  const request = new Message().nested(1, new Message().nested(1, resource).nested(2, new Message().nested(2, span)));
  return Uint8Array.from(request.bytes());
}
