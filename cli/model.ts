import { Command } from 'commander';
import { z } from 'zod';
import { WeirError } from '../core/errors.ts';
import { FEATURES_VERSION, HORIZONS } from '../detector/lstm/forecast/features.ts';
import { QUANTILES, readForecastModel, SHIPPED_MODEL } from '../detector/lstm/forecast/model-json.ts';
import { exportModel, importModel, modelInUse, takeBackModel } from '../detector/lstm/forecast/model-store.ts';
import { type ConfigOptions, readConfig, wholeNumber, withConfigOptions } from './options.ts';

/** Rows of each file that a training reads. */
const ROWS = 50_000;

interface TrainArguments {
  readonly seed?: number;
  readonly steps?: number;
  readonly csv?: string;
  readonly from?: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

export function modelCommand(): Command {
  const command = new Command('model').description('train the forecast network, or bring it out and in');
  command.addCommand(
    new Command('train')
      .description(
        'train a network from made series, and those of CSV files when given, and write it as a TensorFlow.js layers model',
      )
      .argument('<dir>', 'where to write model.json and weights.bin')
      .option(
        '--seed <n>',
        'another seed makes other series and another network (default: that of the shipped weights)',
        wholeNumber,
      )
      .option('--steps <n>', 'steps of training', wholeNumber)
      .option('--csv <dir>', `learn from the CSV files below, too: the first ${ROWS} rows of each`)
      .option('--from <dir>', 'go on from the network in this folder; nothing is written unless it got better')
      .action(train),
  );
  command.addCommand(
    withConfigOptions(new Command('export'))
      .description('copy the network in use, a TensorFlow.js layers model')
      .argument('<dir>', 'where to write it')
      .action(async (directory: string, options: ConfigOptions) => {
        say(`copied ${await exportModel(readConfig(options).data, directory)} to ${directory}`);
      }),
  );
  command.addCommand(
    withConfigOptions(new Command('import'))
      .description('check a TensorFlow.js layers model and put it to use with the next start')
      .argument('<dir>', 'the folder with its model.json')
      .action(async (directory: string, options: ConfigOptions) => {
        const { weights } = await importModel(readConfig(options).data, directory);
        say(`the model of ${directory} is in use from the next start on: ${weights.units} units`);
      }),
  );
  command.addCommand(
    withConfigOptions(new Command('show'))
      .description('say which network is in use, what made it, and what it was worth')
      .action(async (options: ConfigOptions) => {
        const directory = await modelInUse(readConfig(options).data);
        const { weights, facts } = readForecastModel(directory);
        for (const line of factLines(directory, weights.units, facts)) say(line);
      }),
  );
  command.addCommand(
    withConfigOptions(new Command('back'))
      .description('put the network to use again that was in use before, with the next start')
      .action(async (options: ConfigOptions) => {
        say(`${await takeBackModel(readConfig(options).data)} is in use from the next start on`);
      }),
  );
  return command;
}

const tunedFacts = z.object({
  at: z.string(),
  series: z.number(),
  made: z.object({ before: z.number(), after: z.number() }),
  real: z.object({ before: z.number(), after: z.number() }),
});

/** What is known of a network, one fact a line. */
export function factLines(directory: string, units: number, facts: Readonly<Record<string, unknown>>): string[] {
  const { success, data } = tunedFacts.safeParse(facts['tuned']);
  const change = ({ before, after }: { before: number; after: number }) =>
    `${after.toFixed(4)}, ${before.toFixed(4)} before`;
  return [
    `network     ${directory === SHIPPED_MODEL ? 'the shipped one' : directory}, ${units} units`,
    `trained on  ${String(facts['trained_on'] ?? 'what its maker knows')}`,
    ...(success
      ? [
          `tuned       ${data.at}, on ${data.series} series of the store`,
          `loss        on those series ${change(data.real)}; on made ones ${change(data.made)}`,
        ]
      : [`loss        ${String(facts['loss'] ?? 'unknown')}`]),
  ];
}

async function train(directory: string, options: TrainArguments): Promise<void> {
  // Loaded here, so that `weir --help` and the small commands do not pay for them.
  const { openTraining } = await import('../detector/lstm/training/backend.ts');
  const { saveForecastModel } = await import('../detector/lstm/training/model-file.ts');
  const { SHIPPED, TUNING, trainNetwork } = await import('../detector/lstm/training/train.ts');
  const { readCsvFolder } = await import('../detector/lstm/training/csv-series.ts');
  say(`TensorFlow.js runs on ${await openTraining()}`);
  const real = options.csv === undefined ? [] : await readCsvFolder(options.csv, ROWS);
  const base = options.from === undefined ? SHIPPED : TUNING;
  const setting = {
    ...base,
    seed: options.seed ?? base.seed,
    steps: options.steps ?? base.steps,
    real,
    onProgress: say,
  };
  const from = options.from === undefined ? undefined : readForecastModel(options.from).weights;
  const { model, loss, before } = trainNetwork(from === undefined ? setting : { ...setting, from, units: from.units });
  if (from !== undefined && !(loss < before)) {
    throw new WeirError('detector_model_not_better', `the network did not get better: ${before} before, ${loss} now`);
  }
  await saveForecastModel(directory, model, {
    trained_on: real.length === 0 ? 'synthetic' : `synthetic and ${real.length} series`,
    seed: setting.seed,
    loss,
    horizons: HORIZONS,
    quantiles: QUANTILES,
    features: FEATURES_VERSION,
  });
  say(`wrote ${directory}`);
}
