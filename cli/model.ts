import { Command } from 'commander';
import { WeirError } from '../core/errors.ts';
import { FEATURES_VERSION, HORIZONS } from '../detector/lstm/forecast/features.ts';
import { QUANTILES, readForecastModel } from '../detector/lstm/forecast/model-json.ts';
import { exportModel, importModel } from '../detector/lstm/forecast/model-store.ts';
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
  return command;
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
