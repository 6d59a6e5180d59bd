import { AsyncLocalStorage } from 'node:async_hooks';
import type { Checkpoint } from './checkpoint.ts';
import { nowMicros } from './clock.ts';
import { hashText, incoming, lastValue, readPathway, writePathway } from './pathway-header.ts';
import { Recorder, type Route } from './recorder.ts';
import { shared } from './state.ts';

/** A checkpoint of another service, whose record was passed on without one here (HTTP). */
interface Passed {
  readonly high: number;
  readonly low: number;
}

/** What is being handled: one record, several at once, or whatever a stream hands out next. */
export interface Handling {
  /** The position that something sent now continues. */
  position(): Position | undefined;
  /** The position of the handled record that a message with these headers is a copy of. */
  copied?(header: unknown): Position | undefined;
}

/** Where one record is on its way. */
export class Position implements Handling {
  /** The last checkpoint it passed. */
  readonly checkpoint: Checkpoint | Passed;
  /** Unix microseconds at which its pathway began, and at which it passed that checkpoint. */
  readonly origin: number;
  readonly hop: number;

  constructor(checkpoint: Checkpoint | Passed, origin: number, hop: number) {
    this.checkpoint = checkpoint;
    this.origin = origin;
    this.hop = hop;
  }

  position(): Position {
    return this;
  }
}

/** Records a stream hands out one after another to code whose asynchronous context was captured before. */
export class Current implements Handling {
  record: Position | undefined;
  /** OpenTelemetry's context of the record, whose own context manager cannot be told in the middle of a loop. */
  trace: unknown;
  /** What was being handled around the loop. */
  outer: Handling | undefined;

  position(): Position | undefined {
    return this.record ?? this.outer?.position();
  }
}

/**
 * A batch of records handled together. What is sent meanwhile continues one of them: the one whose header it carries,
 * else one drawn at random. Each is drawn once before any is drawn again (a Fisher-Yates shuffle, a step a draw), so
 * that a batch sent on whole is counted exactly, and a part or a multiple of it without bias.
 */
export class Batch implements Handling {
  readonly #route: Route;
  readonly #headers: readonly unknown[];
  readonly #received: number;
  readonly #random: () => number;
  #order: number[] | undefined;
  #drawn = 0;

  constructor(route: Route, headers: readonly unknown[], received: number, random: () => number) {
    this.#route = route;
    this.#headers = headers;
    this.#received = received;
    this.#random = random;
  }

  position(): Position | undefined {
    const size = this.#headers.length;
    if (size === 0) return undefined;
    this.#order ??= Array.from({ length: size }, (_, i) => i);
    const order = this.#order;
    if (this.#drawn === size) this.#drawn = 0;
    const at = this.#drawn + Math.floor(this.#random() * (size - this.#drawn));
    const index = order[at] as number;
    order[at] = order[this.#drawn] as number;
    order[this.#drawn++] = index;
    return located(this.#route, this.#headers[index], this.#received);
  }

  copied(header: unknown): Position | undefined {
    return readPathway(header) ? located(this.#route, header, this.#received) : undefined;
  }

  /** The position of the record that carries a header. */
  of(header: unknown): Position {
    return located(this.#route, header, this.#received);
  }
}

/** Where a record with this header is once it was received at `now`; without a header its pathway begins there. */
function located(route: Route, header: unknown, now: number): Position {
  if (header !== undefined && readPathway(header)) {
    return new Position(route.after(incoming.high, incoming.low), incoming.origin, now);
  }
  return new Position(route.after(0, 0), now, now);
}

/** Marsaglia's xorshift generator (2003) with 32 bits of state: numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

/** Pathways of a process: the recorder, and what is being handled in each asynchronous context. */
export class Pathways {
  readonly recorder: Recorder;
  readonly handling = new AsyncLocalStorage<Handling | undefined>();
  readonly #now: () => number;
  readonly #random: () => number;

  constructor(recorder: Recorder, now: () => number = nowMicros, seed: number = Math.random() * 2 ** 32) {
    this.recorder = recorder;
    this.#now = now;
    this.#random = seededRandom(seed);
  }

  get active(): boolean {
    return this.recorder.active;
  }

  /** Records that one record was received, and returns where it is now. `header` is undefined when it has none. */
  receive(route: Route, header: unknown, now: number = this.#now()): Position {
    const { recorder } = this;
    const value = lastValue(header);
    if (value != null) {
      if (readPathway(value)) {
        const { origin, hop } = incoming;
        const checkpoint = route.after(incoming.high, incoming.low);
        recorder.record(checkpoint, origin, hop, now);
        return new Position(checkpoint, origin, now);
      }
      recorder.problem('malformed_header');
    }
    const checkpoint = route.after(0, 0);
    recorder.record(checkpoint, now, now, now);
    return new Position(checkpoint, now, now);
  }

  /** Records each record of a batch by itself. */
  receiveBatch(route: Route, headers: readonly unknown[]): Batch {
    const now = this.#now();
    const values = headers.map(lastValue);
    for (const value of values) this.receive(route, value, now);
    return new Batch(route, values, now, this.#random);
  }

  /** Records that the record being handled passed a step within the service; outside of any a pathway begins there. */
  pass(route: Route): Position {
    const now = this.#now();
    const from = this.handling.getStore()?.position();
    const checkpoint = from === undefined ? route.after(0, 0) : route.after(from.checkpoint.high, from.checkpoint.low);
    const origin = from?.origin ?? now;
    this.recorder.record(checkpoint, origin, from?.hop ?? now, now);
    return new Position(checkpoint, origin, now);
  }

  /** Starts to send to a place: a value for the header of each message that goes there now. */
  send(route: Route): Sending {
    return new Sending(this.recorder, route, this.handling.getStore(), this.#now());
  }

  /** The header for a call that passes the pathway on as it is (HTTP); undefined outside of any. */
  passOn(): string | undefined {
    const position = this.handling.getStore()?.position();
    if (position === undefined) return undefined;
    return writePathway(hashText(position.checkpoint.high, position.checkpoint.low), position.origin, position.hop);
  }

  /** Where a caller's record is, from the header it passed on; undefined without one. */
  passedOn(header: unknown): Position | undefined {
    const value = lastValue(header);
    if (value == null) return undefined;
    if (!readPathway(value)) {
      this.recorder.problem('malformed_header');
      return undefined;
    }
    return new Position({ high: incoming.high, low: incoming.low }, incoming.origin, incoming.hop);
  }
}

/**
 * One call that sends messages to a place. Messages that continue the same position are recorded together by `end`,
 * which is to be called when every header is written.
 */
export class Sending {
  readonly #recorder: Recorder;
  readonly #route: Route;
  readonly #handling: Handling | undefined;
  readonly #now: number;
  #position: Position | undefined;
  #checkpoint: Checkpoint | undefined;
  #header = '';
  #count = 0;
  #begun = false;

  constructor(recorder: Recorder, route: Route, handling: Handling | undefined, now: number) {
    this.#recorder = recorder;
    this.#route = route;
    this.#handling = handling;
    this.#now = now;
  }

  /** The header of the next message. `present` is the value it carries already, copied from a record, if any. */
  header(present?: unknown): string {
    const handling = this.#handling;
    // All messages of one call continue the same record, unless a batch is being handled.
    if (!this.#begun || handling?.copied !== undefined) {
      const copied = present === undefined ? undefined : handling?.copied?.(lastValue(present));
      this.#turn(copied ?? handling?.position());
    }
    this.#count++;
    return this.#header;
  }

  #turn(position: Position | undefined): void {
    this.end();
    this.#begun = true;
    this.#position = position;
    const parent = position?.checkpoint;
    const checkpoint = parent === undefined ? this.#route.after(0, 0) : this.#route.after(parent.high, parent.low);
    this.#checkpoint = checkpoint;
    this.#header = writePathway(checkpoint.hash, position?.origin ?? this.#now, this.#now);
  }

  end(): void {
    if (this.#count === 0 || this.#checkpoint === undefined) return;
    const { origin, hop } = this.#position ?? { origin: this.#now, hop: this.#now };
    this.#recorder.record(this.#checkpoint, origin, hop, this.#now, this.#count);
    this.#count = 0;
  }
}

/** The pathways of this process. */
export const pathways = shared('pathways', () => new Pathways(new Recorder('unknown_service')));
