import { stat } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { WeirError } from '../../core/errors.ts';
import type { Millis } from '../../core/time.ts';
import type { Windows } from './features.ts';
import type { ModelFacts } from './files.ts';

export interface TrainSettings {
  readonly units: number;
  readonly seed: number;
  readonly steps: number;
  readonly budgetMs: Millis;
  readonly trainedAt: Millis;
  readonly span: Millis;
  readonly step: Millis;
}

export type Request = { readonly id: number } & (
  | { readonly kind: 'open'; readonly directory: string }
  | {
      readonly kind: 'train';
      readonly directory: string;
      readonly training: Windows;
      readonly heldOut: Windows;
      readonly options: TrainSettings;
    }
  | {
      readonly kind: 'predict';
      readonly x: Float32Array;
      readonly count: number;
      readonly length: number;
      readonly last: boolean;
    }
);
export type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

export interface TrainAnswer {
  readonly accepted: boolean;
  readonly facts: ModelFacts;
  /** Loss of the model that was in use; infinite where there was none. */
  readonly champion: number;
}

/** The network in a thread of its own: TensorFlow.js never runs where ticks run. */
export interface Network {
  /** Loads the stored model; undefined when there is none. */
  open(): Promise<ModelFacts | undefined>;
  /** Trains a new model; it takes the place of the old one only when it is better on the held-out windows. */
  train(training: Windows, heldOut: Windows, settings: TrainSettings): Promise<TrainAnswer>;
  /** Quantiles of the change after each position, or after the last one only; undefined while there is no model. */
  predict(x: Float32Array, count: number, length: number, last: boolean): Promise<Float32Array | undefined>;
  close(): Promise<void>;
}

/** Starts the thread with the first request, and again after it died; its requests then fail with `detector_lstm_failed`. */
export function openNetwork(directory: string): Network {
  let worker: Worker | undefined;
  let opened: Promise<unknown> | undefined;
  let next = 1;
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  function fail(reason: string): void {
    worker = undefined;
    opened = undefined;
    for (const { reject } of waiting.values()) {
      reject(new WeirError('detector_lstm_failed', `the network's thread failed: ${reason}`, { retryable: true }));
    }
    waiting.clear();
  }

  function start(): Worker {
    // The pool behind file calls is started by its first user and takes over that thread's priority. It must not be
    // the network's low one: others of this process wait for the disk to acknowledge telemetry.
    stat(process.execPath, () => {});
    const thread = new Worker(new URL('./worker.ts', import.meta.url));
    thread.unref();
    thread.on('message', ({ id, value, error }: Answer) => {
      const request = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) request?.resolve(value);
      else request?.reject(new WeirError('detector_lstm_failed', error, { retryable: true }));
    });
    thread.on('error', (error) => thread === worker && fail(error.message));
    thread.on('exit', (code) => thread === worker && fail(`it ended with code ${code}`));
    return thread;
  }

  function ask<T>(request: Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never): Promise<T> {
    worker ??= start();
    const id = next++;
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker?.postMessage({ ...request, id });
    });
  }

  /** A thread that was started again must load the model before it can speak. */
  async function withModel<T>(work: () => Promise<T>): Promise<T> {
    opened ??= ask<ModelFacts | undefined>({ kind: 'open', directory });
    await opened;
    return work();
  }

  return {
    open() {
      const facts = ask<ModelFacts | undefined>({ kind: 'open', directory });
      opened = facts;
      return facts;
    },
    train: (training, heldOut, options) =>
      withModel(() => ask<TrainAnswer>({ kind: 'train', directory, training, heldOut, options })),
    predict: (x, count, length, last) =>
      withModel(() => ask<Float32Array | undefined>({ kind: 'predict', x, count, length, last })),
    async close() {
      const thread = worker;
      worker = undefined;
      await thread?.terminate();
      fail('it was closed');
    },
  };
}
