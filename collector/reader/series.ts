import type { DivertedPoint, MetricType, ReaderHooks } from './hooks.ts';

/** What the module tells of the metric that its points are read of (assembly/metrics-metric.ts, assembly/scopes.ts). */
export interface MetricExports {
  readonly nameAt: WebAssembly.Global<number>;
  readonly nameSize: WebAssembly.Global<number>;
  readonly descriptionAt: WebAssembly.Global<number>;
  readonly descriptionSize: WebAssembly.Global<number>;
  readonly unitAt: WebAssembly.Global<number>;
  readonly unitSize: WebAssembly.Global<number>;
  readonly metricType: WebAssembly.Global<number>;
  readonly temporality: WebAssembly.Global<number>;
  readonly isMonotonic: WebAssembly.Global<number>;
  readonly resourceAt: WebAssembly.Global<number>;
  readonly resourceSize: WebAssembly.Global<number>;
  readonly resourceSchemaAt: WebAssembly.Global<number>;
  readonly resourceSchemaSize: WebAssembly.Global<number>;
  readonly scopeAt: WebAssembly.Global<number>;
  readonly scopeSize: WebAssembly.Global<number>;
  readonly scopeSchemaAt: WebAssembly.Global<number>;
  readonly scopeSchemaSize: WebAssembly.Global<number>;
  serviceAt(): number;
  serviceSize(): number;
  setAdmission(value: boolean): void;
}

/** The memory and the exports of one module. */
export interface MetricModule {
  readonly exports: MetricExports;
  readonly memory: Buffer;
}

const TYPES: readonly MetricType[] = ['gauge', 'gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'];
const VERDICTS = { admit: 0, reject: 1, divert: 2 } as const;

type Span = WebAssembly.Global<number>;

/** The host's side of series: asks the hooks about them, and keeps diverted points until their request is accepted. */
export class SeriesHost {
  readonly #hooks: ReaderHooks;
  readonly #module: MetricModule;
  #diverted: DivertedPoint[] = [];

  constructor(hooks: ReaderHooks, module: MetricModule) {
    this.#hooks = hooks;
    this.#module = module;
  }

  /** What the module imports. */
  readonly imports = {
    admitSeries: (id: bigint, at: number, size: number): number => {
      const verdict = this.#hooks.admitSeries?.({
        id: BigInt.asUintN(64, id),
        service: this.#service(),
        metric: this.#metric(),
        attributes: this.#attributes(at, size),
      });
      return VERDICTS[verdict ?? 'admit'];
    },
    divertPoint: (
      at: number,
      size: number,
      startTime: bigint,
      time: bigint,
      value: number,
      flags: number,
      point: number,
      pointSize: number,
    ): void => {
      const { exports } = this.#module;
      this.#diverted.push({
        service: this.#service(),
        metric: this.#metric(),
        description: this.#text(exports.descriptionAt, exports.descriptionSize),
        unit: this.#text(exports.unitAt, exports.unitSize),
        type: TYPES[exports.metricType.value] ?? 'gauge',
        temporality: exports.temporality.value,
        isMonotonic: exports.isMonotonic.value !== 0,
        attributes: this.#attributes(at, size),
        startTime: BigInt.asUintN(64, startTime),
        time: BigInt.asUintN(64, time),
        value,
        flags: flags >>> 0,
        point: this.#copy(point >>> 0, pointSize),
        resource: this.#copy(exports.resourceAt.value >>> 0, exports.resourceSize.value),
        scope: this.#copy(exports.scopeAt.value >>> 0, exports.scopeSize.value),
        resourceSchemaUrl: this.#text(exports.resourceSchemaAt, exports.resourceSchemaSize),
        scopeSchemaUrl: this.#text(exports.scopeSchemaAt, exports.scopeSchemaSize),
      });
    },
  };

  /** Hands over the points of a request that was accepted, or drops those of one that was not. */
  finish(isAccepted: boolean): void {
    if (this.#diverted.length === 0) return;
    const points = this.#diverted;
    this.#diverted = [];
    if (isAccepted) for (const point of points) this.#hooks.divertPoint?.(point);
  }

  #service(): string {
    const { exports, memory } = this.#module;
    const at = exports.serviceAt() >>> 0;
    return memory.toString('utf8', at, at + exports.serviceSize());
  }

  #metric(): string {
    return this.#text(this.#module.exports.nameAt, this.#module.exports.nameSize);
  }

  #text(at: Span, size: Span): string {
    const from = at.value >>> 0;
    return this.#module.memory.toString('utf8', from, from + size.value);
  }

  #copy(at: number, size: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#module.memory, at, at + size);
  }

  /** Pairs as assembly/series-derived.ts lays them out. */
  #attributes(at: number, size: number): Map<string, string> {
    const { memory } = this.#module;
    const attributes = new Map<string, string>();
    const end = (at >>> 0) + size;
    let next = at >>> 0;
    const text = () => {
      const from = next + 4;
      next = from + memory.readUInt32LE(next);
      return memory.toString('utf8', from, next);
    };
    while (next < end) {
      const key = text();
      attributes.set(key, text());
    }
    return attributes;
  }
}
