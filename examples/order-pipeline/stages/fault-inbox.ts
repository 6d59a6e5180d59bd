import type { FaultName } from '../faults.ts';

const active = new Set<FaultName>();
const listeners: (() => void)[] = [];

/** The fault switch reaches a stage as messages of its parent process. */
process.on('message', (message: { fault?: FaultName; on?: boolean }) => {
  if (message.fault === undefined) return;
  if (message.on) active.add(message.fault);
  else active.delete(message.fault);
  for (const tell of listeners) tell();
});

export function isActive(fault: FaultName): boolean {
  return active.has(fault);
}

/** Calls back whenever a fault was switched. */
export function onSwitch(listener: () => void): void {
  listeners.push(listener);
}
