import { type ChdbResult, Session } from 'chdb';
import { parseEngineError, Refusal } from './refusal.ts';

/** A session in the hands of one request, with the request's database, settings and parameters in force. */
export interface Lease {
  /** `log_comment` of every query of this session: by it a running query is found and killed. */
  readonly mark: string;
  /** The whole result. Errors are Refusals. */
  query(sql: string, format: string): Promise<ChdbResult>;
  /** The result in chunks, each formatted by itself. Errors are Refusals. */
  stream(sql: string, format: string): AsyncIterable<Uint8Array>;
  /** The session will not serve another request. */
  spoil(): void;
  release(): Promise<void>;
}

export interface SessionScope {
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
}

interface Slot {
  readonly session: Session;
  readonly mark: string;
  database: string;
  uses: number;
}

/** Parameters cannot be unset, so a session is replaced after this many uses. */
const MAX_USES = 2000;

let marks = 0;

/**
 * Sessions on one data directory. A session is one connection, and a connection runs its queries one after another,
 * so readers and writers have pools of their own and a session belongs to one request at a time. Sessions of a
 * `readOnly` pool have `readonly = 2` for life.
 */
export class SessionPool {
  readonly #path: string;
  readonly #readOnly: boolean;
  readonly #size: number;
  readonly #idle: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  #open = 0;
  #closed = false;

  constructor(path: string, options: { size: number; readOnly: boolean }) {
    this.#path = path;
    this.#size = options.size;
    this.#readOnly = options.readOnly;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Throws the engine's own Refusal when the database or a setting is unknown, 202 when too many wait. */
  async lease(scope: SessionScope): Promise<Lease> {
    if (this.#closed) throw new Refusal(236, 'ABORTED', 'the embedded engine is stopping');
    const slot = await this.#take();
    try {
      await this.#prepare(slot, scope);
    } catch (error) {
      this.#replace(slot);
      throw parseEngineError(error);
    }
    return this.#lend(slot, scope);
  }

  /**
   * A session whose query failed or was left half-read is spoiled: the engine keeps what that query had already
   * written, and puts it before the next query's result.
   */
  #lend(slot: Slot, scope: SessionScope): Lease {
    let spoiled = false;
    let released = false;
    const { session, mark } = slot;
    return {
      mark,
      query: async (sql, format) => {
        try {
          return await session.queryAsync(sql, { format });
        } catch (error) {
          spoiled = true;
          throw parseEngineError(error);
        }
      },
      stream: async function* (sql, format) {
        let complete = false;
        try {
          for await (const chunk of session.queryStream(sql, { format })) yield chunk.raw();
          complete = true;
        } catch (error) {
          throw parseEngineError(error);
        } finally {
          if (!complete) spoiled = true;
        }
      },
      spoil: () => {
        spoiled = true;
      },
      release: async () => {
        if (released) return;
        released = true;
        if (!spoiled && (await this.#reset(slot, scope))) this.#give(slot);
        else this.#replace(slot);
      },
    };
  }

  /** Closes every idle session; leased ones close when they come back. */
  close(): void {
    this.#closed = true;
    for (const slot of this.#idle.splice(0)) slot.session.close();
  }

  async #take(): Promise<Slot> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#open < this.#size) {
      this.#open += 1;
      return this.#openSlot();
    }
    if (this.#waiting.length >= 1000) {
      throw new Refusal(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 'Too many simultaneous queries: 1000 are waiting');
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #openSlot(): Slot {
    marks += 1;
    return { session: new Session(this.#path), mark: `weir-${process.pid}-${marks}`, database: '', uses: 0 };
  }

  async #prepare(slot: Slot, scope: SessionScope): Promise<void> {
    slot.uses += 1;
    if (slot.database === '') {
      const base = `SET log_comment = '${slot.mark}', async_insert = 0`;
      await slot.session.queryAsync(this.#readOnly ? `${base}, readonly = 2` : base);
    }
    if (slot.database !== scope.database) {
      slot.database = '?';
      await slot.session.queryAsync(`USE ${quoteName(scope.database)}`);
      slot.database = scope.database;
    }
    const assignments = [
      ...[...scope.settings].map(([name, value]) => `${name} = ${quoteText(value)}`),
      ...[...scope.params].map(([name, value]) => `param_${name} = ${quoteText(value)}`),
    ];
    if (assignments.length > 0) await slot.session.queryAsync(`SET ${assignments.join(', ')}`);
  }

  /** Puts settings back; parameters stay, which nobody can see: a query that lacks one never reaches the engine. */
  async #reset(slot: Slot, scope: SessionScope): Promise<boolean> {
    if (slot.uses >= MAX_USES || scope.settings.has('compatibility') || this.#closed) return false;
    if (scope.settings.size === 0) return true;
    const names = [...scope.settings.keys()];
    try {
      await slot.session.queryAsync(`SET ${names.map((name) => `${name} = DEFAULT`).join(', ')}`);
      return !names.includes('log_comment');
    } catch {
      return false;
    }
  }

  #give(slot: Slot): void {
    const next = this.#closed ? undefined : this.#waiting.shift();
    if (next !== undefined) next(slot);
    else if (this.#closed) slot.session.close();
    else this.#idle.push(slot);
  }

  #replace(slot: Slot): void {
    slot.session.close();
    if (this.#closed) return;
    this.#give(this.#openSlot());
  }
}

/** A string literal of ClickHouse SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
