import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { errorMessage, WeirError } from '../core/errors.ts';

export interface FoundFile {
  readonly path: string;
  /** File name without folder and endings: `cpu` for `/data/cpu.csv.gz`. */
  readonly stem: string;
  readonly csv: boolean;
}

/**
 * The file behind an argument of `weir replay`. A name such as `nab:realTraffic/speed_6005.csv` lies in the folder `nab`
 * of the benchmark data that WEIR_BENCHMARKS points to, there or under `data`, compressed or not.
 */
export function findFile(name: string, benchmarks: string | undefined): FoundFile {
  const known = /^([a-z0-9_]+):([^/\\].*)$/.exec(name);
  if (known === null || existsSync(name)) {
    if (existsSync(name)) return describe(name);
    throw new WeirError('replay_file_missing', `there is no file ${name}`);
  }
  if (benchmarks === undefined || benchmarks === '') {
    throw new WeirError(
      'replay_benchmarks_unset',
      `${name} is benchmark data: set WEIR_BENCHMARKS to the folder that holds ${known[1]}/`,
    );
  }
  const folder = join(benchmarks, known[1] as string);
  const tried: string[] = [];
  for (const place of [folder, join(folder, 'data')]) {
    for (const ending of ['', '.gz', '.csv', '.csv.gz']) {
      const path = join(place, `${known[2]}${ending}`);
      if (existsSync(path)) return describe(path);
      tried.push(path);
    }
  }
  throw new WeirError('replay_file_missing', `${name} was not found; looked for ${tried.join(', ')}`);
}

function describe(path: string): FoundFile {
  const plain = basename(path).replace(/\.gz$/i, '');
  const csv = /\.(csv|txt)$/i.test(plain);
  return { path, csv, stem: plain.replace(/\.[a-z0-9]+$/i, '') };
}

/** The bytes of a file, unpacked when it is gzip. */
export function readBytes(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (cause) {
    throw new WeirError('replay_file_unreadable', `${path}: ${errorMessage(cause)}`, { cause });
  }
}
