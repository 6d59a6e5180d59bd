import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../store/client.ts';
import { cpuSeconds, machineBusySeconds, residentBytes } from './processes.ts';

export const MIN_FREE_BYTES = 15e9;
const RESIDENT_EVERY_MS = 250;
const STORE_EVERY_MS = 2000;

export interface Sample {
  /** Seconds since the watch began. */
  readonly at: number;
  readonly residentBytes: number;
  readonly spoolBytes: number;
  readonly spoolFiles: number;
  /** Active parts of all tables, the largest count of one partition, and merges under way. */
  readonly parts: number;
  readonly partsOfPartition: number;
  readonly merges: number;
}

export interface WatchReport {
  readonly seconds: number;
  /** CPU seconds by process, and of the rest of the machine (generator and bench included). */
  readonly cpu: Readonly<Record<string, number>>;
  readonly otherCpu: number;
  /** Largest sum of the resident bytes of all watched processes at one moment. */
  readonly peakResidentBytes: number;
  readonly peakSpoolBytes: number;
  readonly peakParts: number;
  readonly peakPartsOfPartition: number;
  readonly samples: readonly Sample[];
}

export interface WatchOptions {
  readonly processes: Readonly<Record<string, number>>;
  readonly dataDir: string;
  /** Left out while the store is paused. */
  readonly store?: Store;
  /** Called once when the disk has less than MIN_FREE_BYTES left. */
  readonly diskFull?: () => void;
}

export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Samples processes, spool and parts from its construction until `end`. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #began = performance.now();
  readonly #cpu: Readonly<Record<string, number>>;
  readonly #machine = machineBusySeconds();
  readonly #samples: Sample[] = [];
  readonly #timers: NodeJS.Timeout[];
  #peakResident = 0;
  #asking = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#cpu = this.#usedCpu();
    const resident = setInterval(() => this.#resident(), RESIDENT_EVERY_MS);
    const whole = setInterval(() => void this.#sample(), STORE_EVERY_MS);
    this.#timers = [resident, whole];
    void this.#sample();
  }

  async end(): Promise<WatchReport> {
    for (const timer of this.#timers) clearInterval(timer);
    const now = this.#usedCpu();
    const cpu = Object.fromEntries(Object.entries(now).map(([name, used]) => [name, used - (this.#cpu[name] ?? 0)]));
    const watched = Object.values(cpu).reduce((a, b) => a + b, 0);
    const otherCpu = machineBusySeconds() - this.#machine - watched;
    await this.#sample();
    const peak = (key: keyof Sample) => this.#samples.reduce((top, sample) => Math.max(top, sample[key]), 0);
    return {
      seconds: (performance.now() - this.#began) / 1000,
      cpu,
      otherCpu,
      peakResidentBytes: Math.max(this.#peakResident, peak('residentBytes')),
      peakSpoolBytes: peak('spoolBytes'),
      peakParts: peak('parts'),
      peakPartsOfPartition: peak('partsOfPartition'),
      samples: this.#samples,
    };
  }

  #usedCpu(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.#options.processes).map(([name, pid]) => [name, cpuSeconds(pid)]));
  }

  #resident(): number {
    const sum = Object.values(this.#options.processes).reduce((bytes, pid) => bytes + residentBytes(pid), 0);
    this.#peakResident = Math.max(this.#peakResident, sum);
    return sum;
  }

  async #sample(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const { dataDir, store, diskFull } = this.#options;
      if (freeBytes(dataDir) < MIN_FREE_BYTES) diskFull?.();
      const parts = store === undefined ? { parts: 0, partsOfPartition: 0, merges: 0 } : await readParts(store);
      const at = (performance.now() - this.#began) / 1000;
      this.#samples.push({ at, residentBytes: this.#resident(), ...spoolUse(join(dataDir, 'spool')), ...parts });
    } catch {
      // A store that does not answer for a moment leaves a gap in the samples.
    } finally {
      this.#asking = false;
    }
  }
}

async function readParts(store: Store): Promise<Pick<Sample, 'parts' | 'partsOfPartition' | 'merges'>> {
  const [row] = await store.rows<{ parts: number; partsOfPartition: number; merges: number }>(
    `SELECT toUInt32(sum(n)) AS parts, toUInt32(max(n)) AS partsOfPartition, toUInt32((SELECT count() FROM system.merges)) AS merges
    FROM (SELECT count() AS n FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table, partition_id)`,
  );
  return row ?? { parts: 0, partsOfPartition: 0, merges: 0 };
}

/** Bytes and files under a folder; segments come and go while it is read. */
function spoolUse(folder: string): Pick<Sample, 'spoolBytes' | 'spoolFiles'> {
  let spoolBytes = 0;
  let spoolFiles = 0;
  let names: string[] = [];
  try {
    names = readdirSync(folder, { recursive: true }) as string[];
  } catch {
    // No spool yet.
  }
  for (const name of names) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (!stat?.isFile()) continue;
    spoolBytes += stat.size;
    spoolFiles++;
  }
  return { spoolBytes, spoolFiles };
}
