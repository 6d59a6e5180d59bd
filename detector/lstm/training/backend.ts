import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { openSequence } from './sequence.ts';

/**
 * Brings TensorFlow.js up and returns the name of the backend in use. `@tensorflow/tfjs-node` serves when it is installed and
 * loads (its 4.22 does not on Node 23 and later), the WebAssembly backend otherwise.
 */
export async function openTraining(): Promise<string> {
  const native = '@tensorflow/tfjs-node';
  try {
    await import(native);
    await tf.setBackend('tensorflow');
  } catch {
    setWasmPaths(dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm'))) + sep);
    await tf.setBackend('wasm');
  }
  await Promise.all([tf.ready(), openSequence()]);
  return tf.getBackend();
}
