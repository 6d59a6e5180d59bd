import { Command, InvalidArgumentError } from 'commander';
import { errorMessage } from '../core/errors.ts';
import { type Millis, parseDuration } from '../core/time.ts';
import { type BacktestOptions, backtest } from '../detector/backtest/backtest.ts';
import { reportText } from '../detector/backtest/report.ts';

/** `weir backtest`. Throws what `backtest` throws; exits with 1 when a file could not be read to its end. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('judge recorded series row by row with the code of the detector, and write what it says of each row')
    .requiredOption('--data <dir>', 'folder of .csv and .csv.gz files, searched to its depths')
    .requiredOption('--out <dir>', 'folder for the answers, at the same relative paths')
    .option('--interval <duration>', 'distance of the rows of files without times (default: 1m)', duration)
    .option('--time-column <name>', 'column of times (default: the first of the usual names)')
    .option('--jobs <n>', 'threads (default: one for each core)', threads)
    .action(async (options: BacktestOptions) => {
      const report = await backtest(options);
      process.stdout.write(reportText(report, options.out));
      if (report.failed > 0) process.exitCode = 1;
    });
}

function duration(text: string): Millis {
  try {
    const interval = parseDuration(text);
    if (interval > 0) return interval;
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error));
  }
  throw new InvalidArgumentError('write a duration above 0, such as 1m.');
}

function threads(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('write a number of threads, 1 to 999.');
  return Number(text);
}
