import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { ActiveAlert } from './alerts.ts';
import type { Watched } from './watched.ts';

/** Raised whenever the shape or the meaning of a state changes; an older snapshot is then left and history replayed. */
const VERSION = 1;

/** All the detector remembers: alerts on the board, and every series with its scorers, calibration and standings. */
export interface Snapshot {
  readonly takenAt: Millis;
  readonly step: Millis;
  readonly cursor: Millis;
  readonly watched: readonly Watched[];
  readonly alerts: readonly (readonly [string, ActiveAlert])[];
}

const fileIn = (directory: string) => join(directory, 'state.v8');

/** Writes beside the file and renames, so that a crash leaves the old snapshot or the new one. */
export async function writeSnapshot(directory: string, snapshot: Snapshot): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = fileIn(directory);
  await writeFile(`${path}.new`, serialize({ version: VERSION, ...snapshot }));
  await rename(`${path}.new`, path);
}

/** The last snapshot, or undefined when there is none that this version and `step` can go on from. */
export async function readSnapshot(directory: string, step: Millis, log: Logger): Promise<Snapshot | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(fileIn(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn({ event: 'detector_snapshot_unreadable', error: errorMessage(error) });
    }
    return undefined;
  }
  try {
    const snapshot = deserialize(bytes) as Snapshot & { readonly version: number };
    if (snapshot.version === VERSION && snapshot.step === step) return snapshot;
    log.info({ event: 'detector_snapshot_outdated', version: snapshot.version, step: snapshot.step });
  } catch (error) {
    log.warn({ event: 'detector_snapshot_corrupt', error: errorMessage(error) });
  }
  return undefined;
}
