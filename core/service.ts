/**
 * A part with a life. `start` goes against the data flow (writer, spool, receiver), `stop` with it.
 * `stop` takes nothing new, hands on what it holds, is bounded by a deadline, and is safe twice and without `start`.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** One line of a role's health: what it is, whether it is ready, and why not. */
export interface Health {
  readonly ready: boolean;
  readonly detail?: string;
}
