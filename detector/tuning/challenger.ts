import { setPriority } from 'node:os';
import { FEATURES_VERSION, HORIZONS } from '../lstm/forecast/features.ts';
import { QUANTILES, readForecastModel } from '../lstm/forecast/model-json.ts';
import type { GridSeries } from '../lstm/training/segments.ts';
import type { Losses } from '../lstm/training/train.ts';

/** What the process that trains is told. */
export interface Challenge {
  readonly seed: number;
  readonly steps: number;
  /** Made series to learn from beside the real ones. */
  readonly made: number;
  readonly real: readonly GridSeries[];
  /** Segments of each real series at most. */
  readonly mostCuts: number;
  /** Folder of the network to go on from, and where what comes of it is written. */
  readonly from: string;
  readonly out: string;
  readonly tunedAt: string;
}

/** What it answers. */
export interface Challenger {
  readonly made: Losses;
  readonly real: Losses;
  /** Its loss on made series over that of the network which the first of these nights began with. */
  readonly drift: number;
  /** Stretches of real series that it learnt and was judged by. */
  readonly learnt: number;
  readonly aside: number;
  readonly seconds: number;
}

/** Trains on from a network and writes the result, whatever it is worth. */
export async function train(challenge: Challenge): Promise<Challenger> {
  const { openTraining } = await import('../lstm/training/backend.ts');
  const { saveForecastModel } = await import('../lstm/training/model-file.ts');
  const { TUNING, trainNetwork } = await import('../lstm/training/train.ts');
  await openTraining();
  const { seed, steps, made, real, mostCuts, from, out, tunedAt } = challenge;
  const { weights, facts } = readForecastModel(from);
  const trained = trainNetwork({
    ...{ ...TUNING, units: weights.units, seed, steps, series: made, real, mostCuts, from: weights },
  });
  const { learnt, aside } = trained.realSegments;
  const drifted = (facts['tuned'] as { drift?: unknown } | undefined)?.drift;
  const drift = ((typeof drifted === 'number' ? drifted : 1) * trained.made.after) / trained.made.before;
  await saveForecastModel(out, trained.model, {
    trained_on: `synthetic and ${real.length} series of the store`,
    seed,
    loss: trained.loss,
    horizons: HORIZONS,
    quantiles: QUANTILES,
    features: FEATURES_VERSION,
    tuned: { at: tunedAt, series: real.length, made: trained.made, real: trained.real, drift },
  });
  return { made: trained.made, real: trained.real, drift, learnt, aside, seconds: trained.seconds };
}

/** The process itself: one message in, one out, at the lowest priority. */
if (process.send && process.argv[1] === import.meta.filename) {
  setPriority(19);
  process.once('message', (challenge: Challenge) => {
    train(challenge).then(
      (answer) => process.send?.(answer, () => process.exit(0)),
      (error) => {
        process.stderr.write(`${(error as Error).message}\n`);
        process.exit(1);
      },
    );
  });
  // Whoever started it is gone: nobody waits for the answer.
  process.once('disconnect', () => process.exit(2));
}
