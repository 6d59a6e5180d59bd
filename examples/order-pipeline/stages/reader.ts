import type { FaultName } from '../faults.ts';
import { isActive, onSwitch } from './fault-inbox.ts';
import type { Reading } from './queue.ts';

export interface ReaderFaults {
  /** Lets the consumer leave its group while it is on. */
  readonly stopped?: FaultName;
  /** Keeps it in its group without taking records while it is on. */
  readonly paused?: FaultName;
}

/** Reads as `open` does, except while a fault is on. Returns what stops it for good. */
export async function readThroughFaults(
  open: () => Promise<Reading>,
  faults: ReaderFaults,
): Promise<() => Promise<void>> {
  let reading: Reading | undefined;
  let closed = false;
  const isOn = (fault: FaultName | undefined) => fault !== undefined && isActive(fault);

  async function follow(): Promise<void> {
    if (closed || isOn(faults.stopped)) {
      await reading?.close();
      reading = undefined;
      return;
    }
    reading ??= await open();
    reading.pause(isOn(faults.paused));
  }

  let work = follow();
  const again = () => {
    work = work
      .then(follow)
      .catch((error: Error) => console.error(`the reader could not be switched: ${error.message}`));
  };
  onSwitch(again);
  await work;
  return async () => {
    closed = true;
    again();
    await work;
  };
}
