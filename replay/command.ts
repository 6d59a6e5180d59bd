import { Command, InvalidArgumentError } from 'commander';
import { parseTimestamp } from '../core/csv.ts';
import { errorMessage, WeirError } from '../core/errors.ts';
import { type Millis, parseDuration } from '../core/time.ts';
import { createProgressBar } from './progress.ts';
import { type ReplayOptions, replay } from './replay.ts';

type Flags = Omit<ReplayOptions, 'files'>;

const EXAMPLES = `
Examples:
  weir replay orders.csv                          one column of times, any number of columns of values
  weir replay traces.json --speed 10              OTLP as the Collector's file exporter writes it
  weir replay cpu.csv --pace 10s --history 90%    a point every 10 s; the first 90 % at once as history
  weir replay nab:realKnownCause/nyc_taxi.csv     from the benchmark data in the folder WEIR_BENCHMARKS
`;

/** `weir replay FILE...`. Throws what `replay` throws; the caller prints it and chooses the exit code. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('send recorded CSV or OTLP files through OTLP into the running platform')
    .argument('<files...>', 'CSV or OTLP files (JSON lines or protobuf), plain or gzip')
    .option('-e, --endpoint <url>', 'address of the OTLP/HTTP receiver', 'http://127.0.0.1:4318')
    .option('--token <token>', 'bearer token of the receiver (default: WEIR_TOKEN)')
    .option('-s, --speed <factor>', 'how many times faster than recorded (default: 1)', parseSpeed)
    .option('--pace <duration>', 'distance that neighbouring points get, instead of --speed', duration)
    .option('--history <percent>', 'share of the points sent at once as history (default: 80%)', parseShare)
    .option('--live-from <time>', 'original time at which the live part starts, instead of --history', time)
    .option('--until <time>', 'original time after which nothing is sent', time)
    .option('--metric <name>', 'name of the gauge that CSV points become (default: weir.replayed)')
    .option('--service <name>', 'service of CSV points (default: the name of the file)')
    .option('--pipeline <name>', 'pipeline of CSV points (default: default)')
    .option('--time-column <name>', 'column of times of a CSV file (default: the first of the usual names)')
    .option('--columns <names>', 'columns of values of a CSV file, comma-separated (default: all but labels)', names)
    .option('--interval <duration>', 'distance of the rows of a CSV file that has no times', duration)
    .addHelpText('after', EXAMPLES)
    .action((files: string[], flags: Flags) => runReplay({ ...flags, files }));
}

async function runReplay(options: ReplayOptions): Promise<void> {
  if (options.history !== undefined && options.liveFrom !== undefined) {
    throw new WeirError('replay_live_start_invalid', 'give either --history or --live-from: both set the live start');
  }
  const bar = createProgressBar(process.stderr);
  const stop = new AbortController();
  const interrupt = () => stop.abort(new WeirError('replay_interrupted', 'stopped before the end of the recording'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const result = await replay({
      ...options,
      token: options.token ?? process.env['WEIR_TOKEN'],
      benchmarks: process.env['WEIR_BENCHMARKS'],
      signal: stop.signal,
      log: (line) => bar.line(line),
      onProgress: (progress) => bar.update(progress),
    });
    bar.end();
    process.stdout.write(`sent ${result.sent} (${result.history} as history) in ${result.requests} requests\n`);
    if (result.rejected > 0) {
      throw new WeirError(
        'replay_items_rejected',
        `the receiver rejected ${result.rejected} of them; its log says why`,
      );
    }
  } catch (error) {
    bar.end();
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}

function parseSpeed(text: string): number {
  const speed = Number(text.replace(/x$/i, ''));
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError('write a number above 0, such as 10.');
}

function parseShare(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (percent && Number(percent[1]) <= 100) return Number(percent[1]) / 100;
  throw new InvalidArgumentError('write a percentage from 0% to 100%.');
}

function duration(text: string): Millis {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error));
  }
  throw new InvalidArgumentError('the duration must be above 0.');
}

function time(text: string): Millis {
  const millis = parseTimestamp(text);
  if (!Number.isNaN(millis)) return millis;
  throw new InvalidArgumentError('write a time such as 2026-03-01T12:00:00Z.');
}

function names(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}
