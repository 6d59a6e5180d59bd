import { WeirError } from '../../../core/errors.ts';

/**
 * One LSTM layer and a dense head as Keras and TensorFlow.js keep them, row-major f32: `kernel` [features, 4 units],
 * `recurrent` [units, 4 units], `bias` [4 units], gates in the order input, forget, candidate, output; `head`
 * [units, outputs], `headBias` [outputs].
 */
export interface LstmWeights {
  readonly features: number;
  readonly units: number;
  readonly outputs: number;
  readonly kernel: Float32Array;
  readonly recurrent: Float32Array;
  readonly bias: Float32Array;
  readonly head: Float32Array;
  readonly headBias: Float32Array;
}

/** Outputs are padded to whole blocks of this many. */
export const OUTPUT_BLOCK = 16;
const UNIT_BLOCK = 4;
const GATES = 4;
/** The gate whose activation is tanh; the three others are sigmoids, and sigmoid(2 z) = (1 + tanh z) / 2. */
const CANDIDATE = 2;

// tanh(z) = z P(z^2) / Q(z^2) for |z| <= 8, fitted by reweighted least squares on 6,000 Chebyshev points: at most 1.3e-7
// away within the limit, and 1 - tanh(8) = 2.3e-7 beyond it.
const LIMIT = 8;
const ODD = [0.9999993621356811, 0.12913645743283872, 0.0029388323184263944, 1.1310269287280365e-5];
const EVEN = [1, 0.4624674451066472, 0.023763846468265012, 0.00023702909696454478, 2.423855017200145e-7];
const CONSTANTS = [LIMIT, -LIMIT, ...ODD, ...EVEN, 0.5];

/** The table of constants that assembly/step.ts reads: each four times. */
export function constantTable(): Float32Array {
  return Float32Array.from({ length: CONSTANTS.length * 4 }, (_, i) => CONSTANTS[i >> 2] as number);
}

/** Throws `detector_model_shape` when lengths and sizes do not belong together, or a weight is no number. */
export function checkWeights(weights: LstmWeights): void {
  const { features, units, outputs } = weights;
  const refuse = (message: string) => {
    throw new WeirError('detector_model_shape', message);
  };
  if (units % UNIT_BLOCK !== 0 || units === 0)
    refuse(`the LSTM has ${units} units; a multiple of ${UNIT_BLOCK} is needed`);
  const expected = {
    kernel: features * GATES * units,
    recurrent: units * GATES * units,
    bias: GATES * units,
    head: units * outputs,
    headBias: outputs,
  };
  for (const [name, length] of Object.entries(expected)) {
    const values = weights[name as keyof typeof expected];
    if (values.length !== length) refuse(`${name} has ${values.length} numbers where ${length} are expected`);
    if (!values.every(Number.isFinite)) refuse(`${name} has numbers that are not finite`);
  }
}

/** Weights in the kernel's order: for each block of 4 units, first the biases, then each input, then each unit: [gate][4]. */
export function packLayer({ features, units, kernel, recurrent, bias }: LstmWeights): Float32Array {
  const packed = new Float32Array(units * GATES * (1 + features + units));
  let at = 0;
  for (let block = 0; block < units; block += UNIT_BLOCK) {
    for (const [rows, source] of [
      [1, bias],
      [features, kernel],
      [units, recurrent],
    ] as const) {
      for (let k = 0; k < rows; k++) {
        for (let gate = 0; gate < GATES; gate++) {
          const factor = gate === CANDIDATE ? 1 : 0.5;
          for (let lane = 0; lane < UNIT_BLOCK; lane++) {
            packed[at++] = factor * (source[k * GATES * units + gate * units + block + lane] as number);
          }
        }
      }
    }
  }
  return packed;
}

/** The head in the kernel's order: for each block of 16 outputs, first the biases, then 16 weights of each unit; padded with 0. */
export function packHead({ units, outputs, head, headBias }: LstmWeights): Float32Array {
  const blocks = Math.ceil(outputs / OUTPUT_BLOCK);
  const packed = new Float32Array(blocks * OUTPUT_BLOCK * (1 + units));
  let at = 0;
  for (let block = 0; block < blocks * OUTPUT_BLOCK; block += OUTPUT_BLOCK) {
    for (let k = -1; k < units; k++) {
      for (let lane = 0; lane < OUTPUT_BLOCK; lane++, at++) {
        const output = block + lane;
        if (output < outputs) packed[at] = (k < 0 ? headBias[output] : head[k * outputs + output]) as number;
      }
    }
  }
  return packed;
}
