import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, rejectedItems } from './connection.ts';
import { Latencies, type LatencySummary } from './latencies.ts';
import { createTemplates, type Signal, type Template } from './templates/template.ts';

/** What a generator is told to do; its one argument, as JSON. */
export interface LoadOptions {
  readonly url: string;
  readonly signal: Signal;
  readonly connections: number;
  /** Items of one request. */
  readonly batch: number;
  /** Distinct requests that are sent in turns; for metrics they also say how many series there are: templates x batch. */
  readonly templates: number;
  readonly seed: number;
  /** Services whose spans one request holds, of 50; 8 without it. */
  readonly services?: number;
  /** Ends after so long, milliseconds ... */
  readonly forMs?: number;
  /** ... or after so many items, whichever is first. */
  readonly items?: number;
  /** Items a second, sent at their times whether or not answers come (open loop); without it each connection sends as soon as it is answered. */
  readonly rate?: number;
  /** Items say they happened between these times (unix ms), evenly over `items`, instead of now. */
  readonly history?: { readonly from: number; readonly to: number };
}

/** Counts of the run so far. `latency` is the time to the acknowledgement since the request was due, milliseconds. */
export interface LoadReport {
  readonly elapsedMs: number;
  readonly acked: number;
  readonly requests: number;
  readonly bytes: number;
  readonly rejected: number;
  /** Answers that asked to come again; the same request is then sent again. */
  readonly refused: number;
  /** What was neither taken nor refused, by its words. */
  readonly errors: Readonly<Record<string, number>>;
  readonly latency: LatencySummary;
  /** CPU seconds of the generator itself. */
  readonly cpuSeconds: number;
}

const MAX_PAUSE_MS = 1000;
/** How long after its end a load still offers what was refused. */
const PATIENCE_MS = 30_000;
const TICK_MS = 1;

/** Runs the load to its end; `tell` hears the counts each second. `stop` ends it early, after what is under way. */
export class Load {
  readonly #options: LoadOptions;
  readonly #latencies = new Latencies();
  readonly #free: Template[];
  readonly #errors: Record<string, number> = {};
  #cpu = process.cpuUsage();
  #began = performance.now();
  #acked = 0;
  #sent = 0;
  #requests = 0;
  #bytes = 0;
  #rejected = 0;
  #refused = 0;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { host } = new URL(options.url);
    const { signal, batch: items, seed, templates, services = 8 } = options;
    // A template is in use from its renewal to its answer, so there are more of them than connections.
    const count = Math.max(templates, options.connections + 1);
    this.#free = [...createTemplates({ signal, host, items, count, seed, services })];
  }

  stop(): void {
    this.#stopped = true;
  }

  report(): LoadReport {
    const cpu = process.cpuUsage(this.#cpu);
    return {
      elapsedMs: performance.now() - this.#began,
      acked: this.#acked,
      requests: this.#requests,
      bytes: this.#bytes,
      rejected: this.#rejected,
      refused: this.#refused,
      errors: this.#errors,
      latency: this.#latencies.summary(),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    };
  }

  async run(): Promise<LoadReport> {
    const { url, connections, rate } = this.#options;
    this.#began = performance.now();
    this.#cpu = process.cpuUsage();
    const lines = Array.from({ length: connections }, () => new Connection(url));
    await (rate === undefined ? this.#closed(lines) : this.#paced(lines, rate));
    for (const line of lines) line.close();
    return this.report();
  }

  #over(): boolean {
    const { forMs = Number.POSITIVE_INFINITY, items = Number.POSITIVE_INFINITY } = this.#options;
    return this.#stopped || performance.now() - this.#began >= forMs || this.#sent >= items;
  }

  /** Whether there is no point in offering a request again. */
  #hopeless(): boolean {
    const { forMs = Number.POSITIVE_INFINITY } = this.#options;
    return this.#stopped || performance.now() - this.#began >= forMs + PATIENCE_MS;
  }

  async #closed(lines: readonly Connection[]): Promise<void> {
    await Promise.all(
      lines.map(async (line) => {
        while (!this.#over()) await this.#send(line, performance.now());
      }),
    );
  }

  /** Requests fall due at even times; one that finds every connection busy waits, and its waiting counts. */
  async #paced(lines: readonly Connection[], rate: number): Promise<void> {
    const every = (this.#options.batch / rate) * 1000;
    const idle = [...lines];
    const pending: number[] = [];
    const under = new Set<Promise<void>>();
    const next = () => {
      while (idle.length > 0 && pending.length > 0) {
        const line = idle.pop() as Connection;
        const sending = this.#send(line, pending.shift() as number).then(() => {
          idle.push(line);
          under.delete(sending);
          next();
        });
        under.add(sending);
      }
    };
    for (let due = this.#began; !this.#over(); ) {
      for (const now = performance.now(); due <= now; due += every) pending.push(due);
      next();
      await sleep(TICK_MS);
    }
    // What fell due is sent, however late, unless there is no hope for it.
    while (under.size > 0) {
      if (this.#hopeless()) pending.length = 0;
      await Promise.race(under);
    }
  }

  async #send(line: Connection, due: number): Promise<void> {
    const template = this.#free.shift() as Template;
    template.renew(this.#now());
    this.#sent += template.items;
    for (let pause = 20; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const failure = await this.#attempt(line, template, due);
      if (failure === undefined) break;
      if (failure.retryAfter === undefined || this.#hopeless()) break;
      await sleep(Math.min(Math.max(failure.retryAfter, pause), MAX_PAUSE_MS));
    }
    this.#free.push(template);
  }

  /** Undefined when it was acknowledged; `retryAfter` is missing when sending it again would not help. */
  async #attempt(line: Connection, template: Template, due: number): Promise<{ retryAfter?: number } | undefined> {
    try {
      const { status, retryAfter, body } = await line.send(template.request);
      if (status === 200) {
        const rejected = rejectedItems(body);
        this.#latencies.record(performance.now() - due);
        this.#acked += template.items - rejected;
        this.#rejected += rejected;
        this.#requests++;
        this.#bytes += template.body.length;
        return undefined;
      }
      if (status === 429 || status === 503) {
        this.#refused++;
        return { retryAfter };
      }
      this.#fault(
        `status ${status}: ${body
          .toString('latin1')
          .replace(/[^\x20-\x7e]/g, ' ')
          .slice(0, 120)}`,
      );
      return {};
    } catch (error) {
      this.#fault((error as Error).message);
      return { retryAfter: 0 };
    }
  }

  #fault(words: string): void {
    this.#errors[words] = (this.#errors[words] ?? 0) + 1;
  }

  #now(): bigint {
    const { history, items } = this.#options;
    if (history === undefined || items === undefined) {
      return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
    }
    const share = Math.min(this.#sent / items, 1);
    return BigInt(Math.round(history.from + share * (history.to - history.from))) * 1_000_000n;
  }
}
