import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backtest } from '../../detector/backtest/backtest.ts';
import { causeMeasures } from './causes.ts';
import { type EventScores, eventMeasures, type Measure, type NabProfile, nabMeasures } from './measures.ts';
import { columnAlarms, rowAlarms, splitColumns } from './quiet.ts';
import { assertScorers, runScorer } from './scorers.ts';
import { type DetectSet, SETS } from './sets.ts';
import { type SetResult, tableText } from './table.ts';

const HELP = `node bench/detect/main.ts DATA_DIR [options]

Judges the labelled development series with the code of \`weir backtest\`, scores the answers with the scorers in
DATA_DIR/tools (python3 with numpy), and prints one table: half A of the series (every other one by name, where choices
are made), half B (what carries over), both, and a rolling z-score judged in the same run. Then, where no set was chosen:
the forecasts beside others, and the speed of the network and of the whole chain beside TensorFlow.js and onnxruntime.

  --only <set>   one of ${SETS.map(({ name }) => name).join(', ')} (repeatable)
  --out <dir>    keep the answers there (default: a folder that is removed)
  --jobs <n>     threads (default: one for each core)
  --no-peer      leave the rolling z-score out
  --onnx <dir>   whose node_modules has onnxruntime-node and onnxruntime-web
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
    jobs: { type: 'string' },
    peer: { type: 'boolean', default: true },
    onnx: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [data] = positionals;
if (values.help || data === undefined) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const PEER = new URL('./rolling-z.ts', import.meta.url);
const jobs = values.jobs === undefined ? undefined : Number(values.jobs);

interface Scored {
  readonly measures: readonly Measure[];
  readonly pointsPerSecond: number;
}

async function run(set: DetectSet, folder: string, out: string, judge?: URL) {
  const report = await backtest({ data: folder, out, interval: set.interval, jobs, judge });
  const broken = report.files.find(({ state }) => state === 'failed');
  if (broken !== undefined) throw new Error(`${set.name}: ${JSON.stringify(broken)}`);
  return report;
}

async function score(root: string, set: DetectSet, out: string, judge?: URL): Promise<Scored> {
  const folder = join(root, set.folder);
  const report = await run(set, folder, out, judge);
  const pointsPerSecond = report.points_per_second;
  if (set.scoring === 'nab') {
    const labels = join(root, 'nab/windows.json');
    const args = ['--labels', labels, '--results', out, '--threshold', '0.5'];
    const profiles = runScorer<NabProfile[]>(root, 'nab_score.py', args);
    return { measures: nabMeasures(profiles, JSON.parse(readFileSync(labels, 'utf8'))), pointsPerSecond };
  }
  if (set.scoring === 'quiet') {
    const columns = `${out}-columns`;
    splitColumns(report, folder, columns);
    const alone = await run(set, columns, `${columns}-out`, judge);
    return { measures: [columnAlarms(alone, `${columns}-out`), rowAlarms(report, out)], pointsPerSecond };
  }
  const args = ['--truth', folder, '--scores', out, ...(set.scorer ?? [])];
  const events = eventMeasures(runScorer<EventScores>(root, 'tsad_score.py', args));
  const causes = set.causes ? causeMeasures(root, set.folder, out) : [];
  return { measures: [...events, ...causes], pointsPerSecond };
}

/** Runs another bench in a process of its own, so that its memory and its processor time are its own. */
function part(title: string, file: string, args: readonly string[]): void {
  process.stdout.write(`\n${title}\n\n`);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`${file} failed`);
}

function chosenSets(root: string): readonly DetectSet[] {
  const only = values.only;
  const unknown = only?.find((name) => !SETS.some((set) => set.name === name));
  if (unknown !== undefined) throw new Error(`no set ${unknown}; there are ${SETS.map(({ name }) => name).join(', ')}`);
  const sets = SETS.filter(({ name }) => only === undefined || only.includes(name));
  for (const { name, folder } of sets) {
    if (!existsSync(join(root, folder))) throw new Error(`${join(root, folder)}: the set ${name} is not there`);
  }
  return sets;
}

const out = values.out ?? mkdtempSync(join(tmpdir(), 'weir-detect-'));
try {
  assertScorers(data);
  const sets = chosenSets(data);
  const results: SetResult[] = [];
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' });
  const [processor] = cpus();
  process.stdout.write(
    `${new Date().toISOString().slice(0, 16)} UTC, commit ${commit.stdout?.trim() || 'unknown'}, Node ${process.version}, ` +
      `${cpus().length} x ${processor?.model.trim()}, threads ${jobs ?? cpus().length}\n`,
  );
  for (const set of sets) {
    process.stdout.write(`${set.name}: ${set.about}\n`);
    const own = await score(data, set, join(out, set.name));
    const peer = values.peer ? await score(data, set, join(out, `${set.name}-peer`), PEER) : undefined;
    results.push({ set: set.name, ...own, peer });
  }
  process.stdout.write(`\n${tableText(results)}`);
  if (values.only === undefined) {
    const { onnx } = values;
    part('Forecasts', '../lstm/forecast.ts', [data]);
    part('The network alone', '../lstm/speed.ts', onnx === undefined ? [] : [onnx]);
    part('The whole chain', './live/main.ts', onnx === undefined ? [] : ['--onnx', onnx]);
  }
} catch (error) {
  process.stderr.write(`bench/detect: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  if (values.out === undefined) rmSync(out, { recursive: true, force: true });
}
