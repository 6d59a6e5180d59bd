import { Writer } from 'protobufjs/minimal.js';
import type { LstmWeights } from '../../detector/lstm/kernel/weights.ts';

// The fields of onnx.proto3 that one LSTM with a dense head needs.
const FLOAT = 1;
const IR_VERSION = 8;
const OPSET = 14;
const ATTRIBUTE_INT = 2;

type Shape = readonly (number | string)[];

const message = (fill: (writer: Writer) => void): Uint8Array => {
  const writer = Writer.create();
  fill(writer);
  return writer.finish();
};
const part = (writer: Writer, field: number, bytes: Uint8Array) => writer.uint32((field << 3) | 2).bytes(bytes);
const text = (writer: Writer, field: number, value: string) => writer.uint32((field << 3) | 2).string(value);
const number = (writer: Writer, field: number, value: number) => writer.uint32(field << 3).int64(value);

const tensor = (name: string, shape: readonly number[], values: Float32Array) =>
  message((writer) => {
    for (const size of shape) number(writer, 1, size);
    number(writer, 2, FLOAT);
    text(writer, 8, name);
    part(writer, 9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  });

const valueInfo = (name: string, shape: Shape) =>
  message((writer) => {
    text(writer, 1, name);
    const dimensions = message((dims) => {
      for (const size of shape) {
        part(
          dims,
          1,
          message((dim) => (typeof size === 'number' ? number(dim, 1, size) : text(dim, 2, size))),
        );
      }
    });
    const typed = message((type) => {
      number(type, 1, FLOAT);
      part(type, 2, dimensions);
    });
    part(
      writer,
      2,
      message((type) => part(type, 1, typed)),
    );
  });

const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, number>> = {},
) =>
  message((writer) => {
    for (const name of inputs) text(writer, 1, name);
    for (const name of outputs) text(writer, 2, name);
    text(writer, 4, op);
    for (const [name, value] of Object.entries(attributes)) {
      const attribute = message((inner) => {
        text(inner, 1, name);
        number(inner, 3, value);
        number(inner, 20, ATTRIBUTE_INT);
      });
      part(writer, 5, attribute);
    }
  });

/** ONNX has the gates in the order input, output, forget, candidate and its matrices transposed. */
function turned(source: Float32Array, rows: number, units: number): Float32Array {
  const gates = [0, 3, 1, 2];
  const out = new Float32Array(source.length);
  for (const [to, from] of gates.entries()) {
    for (let u = 0; u < units; u++) {
      for (let row = 0; row < rows; row++) {
        out[(to * units + u) * rows + row] = source[row * 4 * units + from * units + u] as number;
      }
    }
  }
  return out;
}

/** The network as an ONNX model: x [time, batch, features], h and c [1, batch, units] to y [time, 1, batch, outputs], next h and c. */
export function onnxModel(weights: LstmWeights): Uint8Array {
  const { features, units, outputs } = weights;
  const bias = new Float32Array(8 * units);
  bias.set(turned(weights.bias, 1, units));
  const graph = message((writer) => {
    part(
      writer,
      1,
      node('LSTM', ['x', 'W', 'R', 'B', '', 'h', 'c'], ['hidden', 'next_h', 'next_c'], { hidden_size: units }),
    );
    part(writer, 1, node('MatMul', ['hidden', 'V'], ['product']));
    part(writer, 1, node('Add', ['product', 'd'], ['y']));
    text(writer, 2, 'lstm');
    part(writer, 5, tensor('W', [1, 4 * units, features], turned(weights.kernel, features, units)));
    part(writer, 5, tensor('R', [1, 4 * units, units], turned(weights.recurrent, units, units)));
    part(writer, 5, tensor('B', [1, 8 * units], bias));
    part(writer, 5, tensor('V', [units, outputs], weights.head));
    part(writer, 5, tensor('d', [outputs], weights.headBias));
    part(writer, 11, valueInfo('x', ['time', 'batch', features]));
    part(writer, 11, valueInfo('h', [1, 'batch', units]));
    part(writer, 11, valueInfo('c', [1, 'batch', units]));
    part(writer, 12, valueInfo('y', ['time', 1, 'batch', outputs]));
    part(writer, 12, valueInfo('next_h', [1, 'batch', units]));
    part(writer, 12, valueInfo('next_c', [1, 'batch', units]));
  });
  return message((writer) => {
    number(writer, 1, IR_VERSION);
    part(writer, 7, graph);
    part(
      writer,
      8,
      message((opset) => number(opset, 2, OPSET)),
    );
  });
}
