import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { PipelineDefinition } from '../core/definition.ts';
import { errorMessage, WeirError } from '../core/errors.ts';
import { type Millis, parseDuration } from '../core/time.ts';
import { backtest } from '../detector/backtest/backtest.ts';
import { judgePast } from '../detector/backtest/past.ts';
import { type PastReport, pastReportOf, pastReportText } from '../detector/backtest/past-report.ts';
import { reportText } from '../detector/backtest/report.ts';
import { type Foresight, openForesight } from '../detector/foresight.ts';
import { storePort } from '../detector/port.ts';
import { openStore, type Store } from '../store/client.ts';
import { readFeedback } from '../store/queries/feedback.ts';
import { readIncidents } from '../store/queries/incidents.ts';
import { collect, readConfig, wholeNumber } from './options.ts';
import { withStore } from './query.ts';

interface BacktestFlags {
  readonly data?: string;
  readonly out?: string;
  readonly interval?: Millis;
  readonly timeColumn?: string;
  readonly jobs?: number;
  readonly againstLabels?: boolean;
  readonly days?: number;
  readonly config?: string;
  readonly set: readonly string[];
  readonly portOffset: number;
}

const EXAMPLES = `
Examples:
  weir backtest --data recorded --out answers     every series below a folder, an answer for each
  weir backtest --days 7                          the last week of the store, with the detectors in force
  weir backtest --days 7 --config candidate.yaml  the same with other detectors or thresholds
`;

/** `weir backtest`. Throws what it reads throws; exits with 1 when a file could not be read to its end. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('judge recorded files, or the last days of the store, with the code of the detector')
    .option('-d, --data <dir>', 'folder of .csv and .csv.gz files; with --days, where everything is kept (./data)')
    .option('--out <dir>', 'folder for the answers, at the same relative paths; with --days, for the report')
    .option('--interval <duration>', 'distance of the rows of files without times (default: 1m)', duration)
    .option('--time-column <name>', 'column of times (default: the first of the usual names)')
    .option('--against-labels', 'when all is judged, count alarms against the labels of files that have them')
    .option('--jobs <n>', 'threads (default: one for each core)', threads)
    .option('--days <n>', 'judge the last days of the store instead of files', days)
    .option('-c, --config <file>', 'the YAML file with the detectors, for --days')
    .option('--set <path=value>', 'set one key of it, such as detector.step=1m (repeatable)', collect, [])
    .option('--port-offset <n>', 'the offset the running instance has, for --days', wholeNumber, 0)
    .addHelpText('after', EXAMPLES)
    .action((flags: BacktestFlags) => (flags.days === undefined ? judgeFiles(flags) : judgeStore(flags, flags.days)));
}

async function judgeFiles(flags: BacktestFlags): Promise<void> {
  const { data, out, interval, timeColumn, jobs, againstLabels } = flags;
  if (data === undefined || out === undefined) {
    throw new WeirError('cli_backtest_incomplete', 'give --data and --out for files, or --days for the store');
  }
  const report = await backtest({ data, out, interval, timeColumn, jobs, againstLabels });
  process.stdout.write(reportText(report, out));
  if (report.failed > 0) process.exitCode = 1;
}

async function judgeStore(flags: BacktestFlags, count: number): Promise<void> {
  const config = readConfig(flags);
  await withStore(config, async (endpoint) => {
    const store = openStore(endpoint);
    try {
      await assertStored(store, config.store.url ?? config.data);
      const foresight = config.detector.lstm.enabled ? await openForesight(config.data) : undefined;
      const report = await pastOf(store, config.detector, count, Date.now(), foresight, config.pipelines.definitions);
      process.stdout.write(pastReportText(report));
      if (flags.out === undefined) return;
      mkdirSync(flags.out, { recursive: true });
      writeFileSync(join(flags.out, 'backtest.json'), `${JSON.stringify(report, null, 1)}\n`);
    } finally {
      await store.close();
    }
  });
}

/** What the detectors of `config` would have said of the `count` days before `now`, beside what is known of them. */
export async function pastOf(
  store: Store,
  config: Parameters<typeof judgePast>[0]['config'],
  count: number,
  now: Millis,
  foresight?: Foresight,
  definitions: readonly PipelineDefinition[] = [],
): Promise<PastReport> {
  const past = await judgePast({
    config,
    port: storePort(store),
    until: now - config.lateness,
    days: count,
    foresight,
    definitions,
  });
  const incidents = await readIncidents(store, { from: past.from, to: past.until, limit: 1000 });
  return pastReportOf(past, { incidents, feedback: await readFeedback(store) });
}

/** A store that no instance has written to has not even tables. */
async function assertStored(store: Store, place: string): Promise<void> {
  const tables = await store.rows(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'anomalies'",
  );
  if (tables.length > 0) return;
  throw new WeirError(
    'cli_backtest_store_empty',
    `nothing is stored in ${place}; name the place with --data or --config`,
  );
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

function days(text: string): number {
  const count = Number(text);
  if (count > 0 && count <= 366) return count;
  throw new InvalidArgumentError('write a number of days, above 0 and at most 366.');
}
