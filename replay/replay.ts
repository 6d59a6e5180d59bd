import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../core/errors.ts';
import { formatDuration, type Millis } from '../core/time.ts';
import { parseCsv } from './csv.ts';
import { findFile, readBytes } from './files.ts';
import { parseOtlpFile } from './otlp-file.ts';
import type { Batch, Recording } from './recording.ts';
import { type SenderOptions, sendOtlp } from './sender.ts';
import { createTimeline, type TimedItem, type Timeline, timeAtShare } from './timeline.ts';

export interface ReplayOptions {
  readonly files: readonly string[];
  /** Base address of the OTLP/HTTP receiver. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  /** How many times faster than recorded. Not together with `pace`. */
  readonly speed?: number | undefined;
  /** Distance that neighbouring points get: the speed follows from the median distance of the recording. */
  readonly pace?: Millis | undefined;
  /** Share of the points, 0..1, that are sent at once as history. Not together with `liveFrom`. */
  readonly history?: number | undefined;
  /** Original time at which the live part starts; what is older is history. */
  readonly liveFrom?: Millis | undefined;
  /** Original time after which nothing is sent. */
  readonly until?: Millis | undefined;
  /** Name of the gauge that CSV points become. */
  readonly metric?: string | undefined;
  readonly service?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly interval?: Millis | undefined;
  /** Folder of the benchmark data (WEIR_BENCHMARKS). */
  readonly benchmarks?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
  readonly now?: (() => Millis) | undefined;
  readonly sleep?: ((ms: Millis, signal?: AbortSignal) => Promise<void>) | undefined;
  readonly random?: (() => number) | undefined;
  readonly patience?: Millis | undefined;
}

export interface ReplayProgress {
  readonly phase: 'history' | 'live';
  readonly sent: number;
  readonly total: number;
  /** Original time that has been reached, and how long the rest takes. */
  readonly at: Millis;
  readonly remaining: Millis;
}

export interface ReplayResult {
  /** Points of CSV files, messages of OTLP files. */
  readonly sent: number;
  readonly history: number;
  readonly requests: number;
  /** Items the receiver took but rejected (partial success). */
  readonly rejected: number;
  readonly speed: number;
  /** Replayed times of the first and the last item. */
  readonly from: Millis;
  readonly to: Millis;
}

const DEFAULT_METRIC = 'weir.replayed';
const DEFAULT_HISTORY = 0.8;
const DEFAULT_PATIENCE_MS = 60_000;

/**
 * Sends recorded files to a running platform: history at once with times that end now, the rest live at its pace.
 * Files of one call share one time axis. Throws `WeirError` with codes `replay_*`; an aborted `signal` rejects with its
 * reason.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const log = options.log ?? (() => {});
  const recordings = options.files.map((name) => openRecording(name, options));
  const items = recordings.flatMap((recording) => recording.items).filter(({ time }) => time <= until(options));
  if (items.length === 0) throw new WeirError('replay_file_empty', 'nothing lies before --until');
  const total = items.reduce((sum, item) => sum + item.count, 0);
  const first = items.reduce((least, { time }) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = items.reduce((most, { time }) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  const speed = speedOf(options, items);
  const live = options.liveFrom ?? timeAtShare(items, options.history ?? DEFAULT_HISTORY);
  const now = options.now ?? Date.now;
  // A live start after the last item means that all of it is history, which then ends now.
  const timeline = createTimeline(Math.min(live, last), now(), speed);
  const sleep = options.sleep ?? wait;
  const sender: SenderOptions = {
    endpoint: options.endpoint,
    token: options.token,
    signal: options.signal,
    now,
    sleep,
    random: options.random ?? Math.random,
    log,
    patience: options.patience ?? DEFAULT_PATIENCE_MS,
  };
  log(describe(recordings, total, first, last, live, speed));

  const tally = { sent: 0, history: 0, requests: 0, rejected: 0 };
  const sendUpTo = async (limit: Millis, phase: ReplayProgress['phase']) => {
    for (let batch = takeNext(recordings, limit); batch !== undefined; batch = takeNext(recordings, limit)) {
      tally.rejected += await sendBatch(batch, timeline, sender);
      tally.requests++;
      tally.sent += batch.count;
      if (phase === 'history') tally.history += batch.count;
      const at = Math.min(limit, last);
      options.onProgress?.({ phase, sent: tally.sent, total, at, remaining: Math.max(0, timeline.at(last) - now()) });
    }
  };

  await sendUpTo(Math.min(justBefore(live), until(options)), 'history');
  for (;;) {
    const next = nextTime(recordings);
    if (Number.isNaN(next) || next > until(options)) break;
    const due = timeline.at(next);
    if (due > now()) await sleep(due - now(), options.signal);
    options.signal?.throwIfAborted();
    const reached = Math.max(next, live + (now() - timeline.at(live)) * speed);
    await sendUpTo(Math.min(reached, until(options)), 'live');
  }
  return { ...tally, speed, from: timeline.at(first), to: timeline.at(last) };
}

function openRecording(name: string, options: ReplayOptions): Recording {
  const { path, stem, csv } = findFile(name, options.benchmarks);
  const bytes = readBytes(path);
  if (!csv) return parseOtlpFile(bytes, name);
  return parseCsv(bytes.toString('utf8'), { ...options, file: name, stem, metric: options.metric ?? DEFAULT_METRIC });
}

function until(options: ReplayOptions): Millis {
  return options.until ?? Number.POSITIVE_INFINITY;
}

/** The largest time that is still before `time`, for the microseconds that recordings hold. */
function justBefore(time: Millis): Millis {
  return time - 1e-3;
}

function speedOf(options: ReplayOptions, items: readonly TimedItem[]): number {
  if (options.pace === undefined) {
    const speed = options.speed ?? 1;
    if (speed > 0 && Number.isFinite(speed)) return speed;
    throw new WeirError('replay_speed_invalid', `the speed must be above 0, not ${speed}`);
  }
  if (options.speed !== undefined) {
    throw new WeirError('replay_speed_invalid', 'give either --speed or --pace: one follows from the other');
  }
  const times = [...new Set(items.map(({ time }) => time))].sort((a, b) => a - b);
  const distances = times.slice(1).map((time, i) => time - (times[i] as Millis));
  const median = distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)];
  return median === undefined || options.pace <= 0 ? 1 : median / options.pace;
}

function nextTime(recordings: readonly Recording[]): Millis {
  const times = recordings.map((recording) => recording.next()).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? Number.NaN : Math.min(...times);
}

/** The next batch of whichever recording is furthest behind. */
function takeNext(recordings: readonly Recording[], limit: Millis): Batch | undefined {
  const time = nextTime(recordings);
  return recordings.find((recording) => recording.next() === time)?.take(limit);
}

function sendBatch(batch: Batch, timeline: Timeline, sender: SenderOptions): Promise<number> {
  const { signal, contentType } = batch;
  return sendOtlp({ signal, contentType, body: batch.body(timeline) }, sender);
}

function describe(
  recordings: readonly Recording[],
  total: number,
  first: Millis,
  last: Millis,
  live: Millis,
  speed: number,
): string {
  const span = `${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
  const pace = `${speed < 10 ? speed.toFixed(2) : Math.round(speed)} times as fast as recorded`;
  const rest = live > last ? 'nothing is left to send live' : `live for ${formatDuration((last - live) / speed)}`;
  return `${recordings.map(({ file }) => file).join(', ')}: ${total} from ${span}, ${pace}, ${rest}`;
}

async function wait(ms: Millis, signal?: AbortSignal): Promise<void> {
  // setTimeout holds 31 bits of milliseconds; a longer wait is made of several.
  for (let rest = ms; rest > 0; rest -= 2 ** 30)
    await delay(Math.min(rest, 2 ** 30), undefined, signal ? { signal } : {});
}
