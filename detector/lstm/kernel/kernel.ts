import { readFileSync } from 'node:fs';
import { WeirError } from '../../../core/errors.ts';
import { checkWeights, constantTable, type LstmWeights, OUTPUT_BLOCK, packHead, packLayer } from './weights.ts';

const PAGE = 65_536;
const MOST_PAGES = 65_536;

/** `fused` needs relaxed SIMD (fused multiply-add); the builds differ in the last bits of what they answer. */
export type KernelBuild = 'fused' | 'plain';

/** Where everything lies in the shared memory: addresses in bytes, sizes in numbers. Plain data, to be handed to a worker. */
export interface KernelLayout {
  readonly features: number;
  readonly units: number;
  /** Outputs, padded to a multiple of 16. */
  readonly outputs: number;
  readonly batch: number;
  readonly threads: number;
  readonly table: number;
  readonly weights: number;
  readonly head: number;
  readonly spare: number;
  readonly spareSize: number;
  readonly index: number;
  readonly x: number;
  readonly out: number;
  /** Four words by which threads meet (pool.ts). */
  readonly meeting: number;
  readonly state: number;
}

/** Steps rows `from` to `to` of the batch as thread `thread`; threads that run at once must have different numbers. */
export type StepRows = (from: number, to: number, thread: number) => void;

/**
 * One LSTM layer and its dense head over many series. A step: write which series into `index` and their inputs into `x`
 * [row, features], call `step(rows)`, read `out` [row, outputs padded to 16]. States are carried; no series stands twice in a batch.
 */
export interface LstmKernel {
  readonly build: KernelBuild;
  readonly layout: KernelLayout;
  readonly memory: WebAssembly.Memory;
  readonly index: Uint32Array;
  readonly x: Float32Array;
  readonly out: Float32Array;
  /** h and c of each series: [series, 2 units]. A new array after `reserve`. */
  readonly state: Float32Array;
  step(rows: number): void;
  /** Room for at least `series` series; new ones begin with zeros. */
  reserve(series: number): void;
  /** New weights between two steps; the shape must be the same. Throws `detector_model_shape`. */
  load(weights: LstmWeights): void;
}

const bytesOf = (build: KernelBuild) => readFileSync(new URL(`./${build}.wasm`, import.meta.url));

/** The faster build that this machine understands. */
export function bestBuild(): KernelBuild {
  return WebAssembly.validate(bytesOf('fused')) ? 'fused' : 'plain';
}

/** Joins a kernel's memory, from any thread. A module of 3 kB compiles in less than a millisecond. */
export function joinKernel(build: KernelBuild, memory: WebAssembly.Memory, layout: KernelLayout): StepRows {
  const module = new WebAssembly.Module(bytesOf(build));
  const { step } = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as {
    step(...numbers: number[]): void;
  };
  const { table, weights, head, features, units, outputs, index, x, state, out, spare, spareSize } = layout;
  return (from, to, thread) =>
    step(table, weights, head, features, units, outputs, index, x, state, out, spare + thread * spareSize, from, to);
}

export interface KernelOptions {
  /** Largest number of rows in one step. */
  readonly batch: number;
  /** Series to have room for at the start. */
  readonly series?: number;
  /** Threads that may step at once. */
  readonly threads?: number;
  readonly build?: KernelBuild;
}

/** Makes a kernel in a shared memory of its own. Throws `detector_model_shape` for weights it cannot run. */
export function createKernel(weights: LstmWeights, options: KernelOptions): LstmKernel {
  checkWeights(weights);
  const { build = bestBuild(), series = 0 } = options;
  const layout = layOut(weights, options);
  const width = 2 * layout.units;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((layout.state + 4 * width * series) / PAGE) + 1,
    maximum: MOST_PAGES,
    shared: true,
  });
  const floats = (at: number, length: number) => new Float32Array(memory.buffer, at, length);
  const run = joinKernel(build, memory, layout);
  floats(layout.table, constantTable().length).set(constantTable());

  function load(next: LstmWeights): void {
    checkWeights(next);
    const same =
      next.features === layout.features && next.units === layout.units && padded(next.outputs) === layout.outputs;
    if (!same) {
      throw new WeirError(
        'detector_model_shape',
        `the kernel runs ${shape(weights)}; the new weights are ${shape(next)}`,
      );
    }
    const layer = packLayer(next);
    floats(layout.weights, layer.length).set(layer);
    const head = packHead(next);
    floats(layout.head, head.length).set(head);
  }
  load(weights);

  let state = floats(layout.state, width * series);
  return {
    build,
    layout,
    memory,
    index: new Uint32Array(memory.buffer, layout.index, layout.batch),
    x: floats(layout.x, layout.batch * layout.features),
    out: floats(layout.out, layout.batch * layout.outputs),
    get state() {
      return state;
    },
    step: (rows) => run(0, rows, 0),
    reserve(wanted) {
      const missing = layout.state + 4 * width * wanted - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      if (wanted * width > state.length) state = floats(layout.state, wanted * width);
    },
    load,
  };
}

const padded = (outputs: number) => Math.ceil(outputs / OUTPUT_BLOCK) * OUTPUT_BLOCK;
const shape = ({ features, units, outputs }: LstmWeights) => `${features} features, ${units} units, ${outputs} outputs`;

function layOut(weights: LstmWeights, { batch, threads = 1 }: KernelOptions): KernelLayout {
  const { features, units } = weights;
  const outputs = padded(weights.outputs);
  let top = 0;
  // Everything begins on a line of the cache, so that no two threads write to one line at their borders' spares.
  const place = (bytes: number) => {
    const at = top;
    top += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const table = place(4 * constantTable().length);
  const layer = place(4 * 4 * units * (1 + features + units));
  const head = place(4 * outputs * (1 + units));
  const spareSize = Math.ceil((4 * (2 * units + 2 * units + outputs)) / 64) * 64;
  const spare = place(threads * spareSize);
  const meeting = place(64);
  const index = place(4 * batch);
  const x = place(4 * batch * features);
  const out = place(4 * batch * outputs);
  return {
    features,
    units,
    outputs,
    batch,
    threads,
    table,
    weights: layer,
    head,
    spare,
    spareSize,
    meeting,
    index,
    x,
    out,
    state: top,
  };
}
