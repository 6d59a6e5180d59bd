import { readFile } from 'node:fs/promises';
import { OTLP_SIGNALS, type OtlpSignal } from '../otlp/model.ts';
import type { AttributePlace, ReaderHooks } from './hooks.ts';
import { type MetricExports, SeriesHost } from './series.ts';

/** The numbers by which the module knows the signals. */
export const SIGNAL_NUMBERS: Readonly<Record<OtlpSignal, number>> = { traces: 0, metrics: 1, logs: 2 };
const PLACES: readonly AttributePlace[] = ['resource', 'scope', 'item'];

/** What assembly/module.ts exports. Addresses and sizes are of the linear memory, in bytes. */
export interface ReaderExports extends MetricExports {
  readonly memory: WebAssembly.Memory;
  readonly accepted: WebAssembly.Global<number>;
  readonly dated: WebAssembly.Global<number>;
  readonly resourceIndex: WebAssembly.Global<number>;
  readonly scopeIndex: WebAssembly.Global<number>;
  readonly metricIndex: WebAssembly.Global<number>;
  readonly itemIndex: WebAssembly.Global<number>;
  readonly hashLow: WebAssembly.Global<bigint>;
  readonly hashHigh: WebAssembly.Global<bigint>;
  start(seed: bigint): void;
  setLimit(which: number, value: number): void;
  limitHits(which: number): number;
  setHooked(value: boolean): void;
  setFilters(value: boolean): void;
  setRevision(value: bigint): void;
  inputFor(size: number): number;
  inputOffset(address: number): number;
  hashInput(seed: bigint): void;
  hashInput64(seed: bigint): bigint;
  roomForText(size: number): number;
  read(signal: number, skipped: number, now: bigint, oldest: bigint, newest: bigint): void;
  rollback(): void;
  newRowsOf(table: number): number;
  rowsOf(table: number): number;
  bytesOf(table: number): number;
  planBlock(table: number): number;
  planned(): number;
  clearTables(): void;
  forget(): void;
}

/** What the module cannot go on after, as it told it; `at` is an address. */
export class ReaderFault extends Error {
  readonly code: number;
  readonly at: number;
  readonly numbers: readonly number[];

  constructor(code: number, at: number, numbers: readonly number[]) {
    super(`the reader stopped with code ${code}`);
    this.code = code;
    this.at = at;
    this.numbers = numbers;
  }
}

/** Told of each refusal: numbers of reason and fault (refusals.ts), a value that belongs to them, and how many items. */
export type Refuse = (reason: number, fault: number, value: bigint, items: number) => void;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles the module, once for the process. */
export function compiledReader(): Promise<WebAssembly.Module> {
  compiled ??= readFile(new URL('./reader.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

/** One module with its memory, and the host's side of it. */
export class ReaderInstance {
  readonly exports: ReaderExports;
  readonly series: SeriesHost;
  readonly #hooks: ReaderHooks;
  #memory: Buffer = Buffer.alloc(0);
  #service = '';

  constructor(module: WebAssembly.Module, hooks: ReaderHooks, refuse: Refuse) {
    this.#hooks = hooks;
    this.series = new SeriesHost(hooks, this);
    const host = {
      ...this.series.imports,
      fail: (code: number, at: number, ...numbers: number[]) => {
        throw new ReaderFault(code, at >>> 0, numbers);
      },
      reject: refuse,
      formatDouble: (value: number, to: number) => this.memory.write(String(value), to >>> 0, 'latin1'),
      attributeAction: (key: number, size: number, place: number) =>
        hooks.attributeAction?.(this.#text(key, size), PLACES[place] as AttributePlace) ?? 0,
      transformValue: (key: number, keySize: number, value: number, size: number, place: number) =>
        this.#transform(this.#text(key, keySize), this.#text(value, size), place),
      filterScope: (signal: number, service: number, size: number) => {
        this.#service = this.#text(service, size);
        return hooks.filterScope?.(signalOf(signal), this.#service) ?? 0;
      },
      dropItem: (signal: number, name: number, nameSize: number, at: number, size: number) =>
        hooks.dropItem?.(signalOf(signal), this.#service, this.#text(name, nameSize), this.bytes(at, size)) ? 1 : 0,
    };
    this.exports = new WebAssembly.Instance(module, { host }).exports as unknown as ReaderExports;
  }

  /** The linear memory as it is now; it moves when it grows. */
  get memory(): Buffer {
    const { buffer } = this.exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer);
    return this.#memory;
  }

  /** A view of the memory, good until the next call into the module. */
  bytes(at: number, size: number): Buffer {
    return this.memory.subarray(at >>> 0, (at >>> 0) + size);
  }

  #text(at: number, size: number): string {
    return size === 0 ? '' : this.memory.toString('utf8', at >>> 0, (at >>> 0) + size);
  }

  #transform(key: string, value: string, place: number): number {
    const text = this.#hooks.transform?.(key, value, PLACES[place] as AttributePlace) ?? value;
    const size = Buffer.byteLength(text);
    const at = this.exports.roomForText(size);
    this.memory.write(text, at >>> 0, 'utf8');
    return size;
  }
}

function signalOf(number: number): OtlpSignal {
  return OTLP_SIGNALS.find((signal) => SIGNAL_NUMBERS[signal] === number) ?? 'traces';
}
