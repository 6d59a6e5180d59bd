import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Platform, startPlatform } from '../../bench/ingest/platform.ts';
import type { Context } from '../../bench/ingest/scenarios/context.ts';
import { drive, type ThroughputReport } from '../../bench/ingest/scenarios/throughput.ts';
import { checkRollups, countItems } from '../../bench/ingest/tables.ts';
import type { Sample } from '../../bench/ingest/watch.ts';
import { temporaryFolder } from './process.ts';

/**
 * Half an hour of unique spans at a steady rate: nothing may grow that should not. WEIR_SOAK_SECONDS and WEIR_SOAK_RATE
 * (spans a second) change how long and how fast. Needs 15 GB of disk beside what it writes.
 */
const SECONDS = Number(process.env['WEIR_SOAK_SECONDS'] ?? 1800);
const RATE = Number(process.env['WEIR_SOAK_RATE'] ?? 65_000);
/** More parts than this in one partition means that merges do not keep up; the engine slows inserts down at 1000. */
const MOST_PARTS = 150;

const folder = temporaryFolder('soak');
let platform: Platform;
let report: ThroughputReport;

beforeAll(
  async () => {
    platform = await startPlatform({ dataDir: folder.path });
    const context: Context = {
      seconds: SECONDS,
      connections: 16,
      batch: 512,
      templates: 24,
      seed: (Date.now() % 500_000) + 1,
      rate: RATE,
      spans: undefined,
      optimize: false,
      set: [],
      folder: () => folder.path,
      log: (text) => process.stderr.write(`${text}\n`),
    };
    report = await drive(context, platform, { signal: 'traces', seconds: SECONDS, rate: RATE });
    const { load, watch } = report;
    process.stderr.write(
      `${load.acked} spans acknowledged, ack p99 ${load.latency.p99.toFixed(1)} ms, resident at most ${(watch.peakResidentBytes / 1e9).toFixed(2)} GB\n`,
    );
  },
  SECONDS * 1000 + 300_000,
);

afterAll(async () => {
  await platform?.stop();
  folder.remove();
});

/** The samples between two shares of the time of sending. */
function between(from: number, to: number): readonly Sample[] {
  return report.watch.samples.filter(({ at }) => at >= from * SECONDS && at < to * SECONDS);
}

function middle(samples: readonly Sample[], key: keyof Sample): number {
  const sorted = samples.map((sample) => sample[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

test('the rate was kept, and everything acknowledged is there, in the rollups too', async () => {
  const { load } = report;
  expect(load.errors).toEqual({});
  expect(load.refused).toBe(0);
  expect(load.acked / SECONDS).toBeGreaterThan(RATE * 0.98);
  expect(report.allVisible).toBe(true);
  expect(await countItems(platform.store, 'traces')).toBe(load.acked);
  const rollups = await checkRollups(platform.store, 'traces');
  expect(rollups.length).toBeGreaterThan(0);
  expect(rollups.filter(({ counted, expected }) => counted !== expected)).toEqual([]);
});

test('memory is as large at the end as in the middle', () => {
  const inTheMiddle = middle(between(0.35, 0.65), 'residentBytes');
  const atTheEnd = middle(between(0.7, 1), 'residentBytes');
  expect(atTheEnd).toBeLessThan(inTheMiddle * 1.1 + 50e6);
});

test('the spool does not grow', () => {
  const inTheMiddle = middle(between(0.35, 0.65), 'spoolBytes');
  const atTheEnd = middle(between(0.7, 1), 'spoolBytes');
  expect(atTheEnd).toBeLessThan(inTheMiddle * 1.5 + 64e6);
});

test('merges keep up', () => {
  expect(report.watch.peakPartsOfPartition).toBeLessThan(MOST_PARTS);
});
