import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { errorMessage } from '../../core/errors.ts';
import { seededRandom } from '../random.ts';
import { loadModel, type ModelFacts, saveModel } from './files.ts';
import { buildModel, lossOf, naiveLoss, openBackend, predict, trainModel } from './model.ts';
import type { Answer, Request, TrainAnswer } from './network.ts';

/** Trainings of a few seconds must not take a core from those who acknowledge telemetry. */
const NICE = 10;

let model: LayersModel | undefined;
const ready = openBackend();
try {
  setPriority(0, NICE);
} catch {
  // A system that forbids it runs the training at the usual priority.
}

async function train(request: Extract<Request, { kind: 'train' }>): Promise<TrainAnswer> {
  const { training, heldOut, options, directory } = request;
  const began = performance.now();
  const challenger = buildModel(options.units, options.seed);
  const steps = trainModel(challenger, training, {
    steps: options.steps,
    budgetMs: options.budgetMs,
    random: seededRandom(options.seed),
  });
  const loss = lossOf(challenger, heldOut);
  const naive = naiveLoss(training, heldOut);
  const champion = model ? lossOf(model, heldOut) : Infinity;
  const facts: ModelFacts = {
    trainedAt: options.trainedAt,
    span: options.span,
    step: options.step,
    units: options.units,
    seed: options.seed,
    windows: training.count,
    steps,
    seconds: (performance.now() - began) / 1000,
    loss,
    naiveLoss: naive,
  };
  const accepted = loss < naive && loss < champion;
  if (accepted) {
    await saveModel(directory, challenger, facts);
    model?.dispose();
    model = challenger;
  } else challenger.dispose();
  return { accepted, facts, champion };
}

async function answer(request: Request): Promise<unknown> {
  await ready;
  if (request.kind === 'train') return train(request);
  if (request.kind === 'open') {
    const found = await loadModel(request.directory);
    model = found?.model;
    return found?.facts;
  }
  if (!model) return undefined;
  return predict(model, request.x, request.count, request.length, request.last);
}

/** One request at a time, in order. */
let line: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: Request) => {
  line = line.then(async () => {
    const reply: Answer = await answer(request).then(
      (value): Answer => ({ id: request.id, value }),
      (error): Answer => ({ id: request.id, error: errorMessage(error) }),
    );
    parentPort?.postMessage(reply);
  });
});
