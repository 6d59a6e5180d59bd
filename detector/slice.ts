import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Millis } from '../core/time.ts';

/** How long a loop keeps the process to itself before other things get their turn. */
export interface Slice {
  isOver(): boolean;
  /** Lets the others run, then begins anew. */
  breathe(): Promise<void>;
}

export function beginSlice(length: Millis): Slice {
  let end = performance.now() + length;
  return {
    isOver: () => performance.now() > end,
    async breathe() {
      await nextTurn();
      end = performance.now() + length;
    },
  };
}
