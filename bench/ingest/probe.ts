import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { median } from './scenarios/history.ts';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGb: number;
  readonly loadBefore: number;
  readonly crcGbPerSecond: number;
  readonly fdatasyncP50Ms: number;
  readonly node: string;
}

/** How fast this machine is just now, so that runs of different days and machines can be held beside each other. */
export function probeMachine(folder: string): Machine {
  const block = Buffer.alloc(1 << 24, 7);
  const checks = Array.from({ length: 5 }, () => {
    const began = performance.now();
    crc32(block);
    return performance.now() - began;
  });
  const place = mkdtempSync(join(folder, 'probe-'));
  const file = openSync(join(place, 'append'), 'a');
  const page = Buffer.alloc(4096, 1);
  const syncs = Array.from({ length: 200 }, () => {
    const began = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  rmSync(place, { recursive: true });
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGb: totalmem() / 1e9,
    loadBefore: loadavg()[0] ?? 0,
    crcGbPerSecond: block.length / 1e6 / median(checks),
    fdatasyncP50Ms: median(syncs),
    node: process.version,
  };
}
