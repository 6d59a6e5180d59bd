import type { ServerHttp2Session } from 'node:http2';

const SWEEP_MS = 100;
/** A silent peer is asked whether it is still there, as gRPC calls keepalive. */
const PING_AFTER_MS = 60_000;
const PING_TIMEOUT_MS = 20_000;

/** A call whose answer is due at `deadline`, in the milliseconds of `performance.now()`. */
export interface Call {
  readonly deadline: number;
  /** Answers that it is too late. */
  expire(): void;
}

/** The open connections and calls of a server: deadlines, keepalive, and an end that lets calls finish. */
export class Calls {
  readonly #sessions = new Map<ServerHttp2Session, { asked: number; waiting: boolean }>();
  readonly #calls = new Set<Call>();
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    this.#timer = setInterval(() => this.#sweep(performance.now()), SWEEP_MS);
    this.#timer.unref();
  }

  connected(session: ServerHttp2Session): void {
    this.#sessions.set(session, { asked: performance.now(), waiting: false });
    session.once('close', () => this.#sessions.delete(session));
  }

  began(call: Call): void {
    this.#calls.add(call);
  }

  ended(call: Call): void {
    this.#calls.delete(call);
  }

  /** Tells every peer that nothing new is taken, waits for the open calls, and ends what is left after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    const sessions = [...this.#sessions.keys()];
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, deadlineMs);
    await Promise.all(
      sessions.map((session) => {
        const closed = new Promise<void>((done) => session.once('close', done));
        session.close();
        return closed;
      }),
    );
    clearTimeout(timer);
    clearInterval(this.#timer);
  }

  #sweep(now: number): void {
    for (const call of this.#calls) {
      if (call.deadline > now) continue;
      this.#calls.delete(call);
      call.expire();
    }
    for (const [session, state] of this.#sessions) {
      if (state.waiting && now - state.asked > PING_TIMEOUT_MS) session.destroy();
      else if (!state.waiting && now - state.asked > PING_AFTER_MS) {
        state.asked = now;
        state.waiting = session.ping(() => {
          state.waiting = false;
        });
      }
    }
  }
}
