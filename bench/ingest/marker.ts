import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../store/client.ts';
import { Latencies, type LatencySummary } from './latencies.ts';
import { Message } from './message.ts';

export const MARKER_SERVICE = 'bench-marker';
const POLL_MS = 40;
const LOST_MS = 60_000;

export interface MarkerReport {
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds from sending to the acknowledgement, and to the first query that sees the span. */
  readonly ack: LatencySummary;
  readonly visible: LatencySummary;
  /** Of the query that looks for them, itself. */
  readonly query: LatencySummary;
}

/**
 * One span on its own, again and again. A single query looks for all that were not seen yet, some forty milliseconds
 * after the one before, so that looking costs the store little of what is measured.
 */
export class Markers {
  readonly #ack = new Latencies();
  readonly #visible = new Latencies();
  readonly #query = new Latencies();
  readonly #url: string;
  readonly #store: Store;
  /** When each marker that is looked for was sent, by its name. */
  readonly #pending = new Map<string, number>();
  readonly #sending: Promise<void>;
  readonly #looking: Promise<void>;
  #sent = 0;
  #lost = 0;
  #ended = false;

  constructor(url: string, store: Store, everyMs: number) {
    this.#url = url;
    this.#store = store;
    this.#sending = this.#send(everyMs);
    this.#looking = this.#look();
  }

  async end(): Promise<MarkerReport> {
    this.#ended = true;
    await this.#sending;
    await this.#looking;
    return {
      sent: this.#sent,
      lost: this.#lost,
      ack: this.#ack.summary(),
      visible: this.#visible.summary(),
      query: this.#query.summary(),
    };
  }

  async #send(everyMs: number): Promise<void> {
    const under: Promise<void>[] = [];
    while (!this.#ended) {
      under.push(this.#one(`marker-${this.#sent++}`));
      await sleep(everyMs);
    }
    await Promise.all(under);
  }

  async #one(name: string): Promise<void> {
    const began = performance.now();
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${this.#url}/v1/traces`, { method: 'POST', headers, body: markerRequest(name) });
    await answer.arrayBuffer();
    if (!answer.ok) {
      this.#lost++;
      return;
    }
    this.#ack.record(performance.now() - began);
    this.#pending.set(name, began);
  }

  async #look(): Promise<void> {
    while (!this.#ended || this.#pending.size > 0) {
      const names = [...this.#pending.keys()];
      if (names.length > 0) for (const name of await this.#found(names)) this.#see(name);
      for (const [name, began] of this.#pending) {
        if (performance.now() - began < LOST_MS) continue;
        this.#pending.delete(name);
        this.#lost++;
      }
      await sleep(POLL_MS);
      if (this.#ended) await this.#sending;
    }
  }

  async #found(names: readonly string[]): Promise<readonly string[]> {
    const began = performance.now();
    const rows = await this.#store.rows<{ name: string }>(
      `SELECT SpanName AS name FROM spans WHERE ServiceName = '${MARKER_SERVICE}' AND SpanName IN {names:Array(String)}`,
      { names },
    );
    this.#query.record(performance.now() - began);
    return rows.map(({ name }) => name);
  }

  #see(name: string): void {
    const began = this.#pending.get(name);
    if (began === undefined) return;
    this.#visible.record(performance.now() - began);
    this.#pending.delete(name);
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
