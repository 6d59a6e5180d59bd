// Faults of data points, by their place in collector/reader/refusals.ts, and the refusals that points of all kinds share.

import { reject, REASON_BUCKETS, REASON_TIME } from './host';
import { isStorableOrUnset, refuseTime } from './items';
import { hit, LIMIT_BUCKETS } from './limits';

export const FAULT_NAME: i32 = 16;
export const FAULT_START_LATE: i32 = 17;
export const FAULT_EXEMPLAR_LATE: i32 = 18;
export const FAULT_NO_VALUE: i32 = 19;
export const FAULT_COUNTS: i32 = 20;
export const FAULT_BOUNDS: i32 = 21;
export const FAULT_SCALE: i32 = 22;
export const FAULT_RANGE: i32 = 23;
export const FAULT_MANY: i32 = 24;

/** The name of the only time of a point in refusals. */
const NAME_TIME: i32 = 2;

/** Refuses the current point when one of its times cannot be stored. */
// @ts-ignore: decorator
@inline
export function refuseTimes(time: u64, start: u64, lateExemplar: bool): bool {
  if (refuseTime(time, NAME_TIME)) return true;
  if (isStorableOrUnset(start) && !lateExemplar) return false;
  reject(REASON_TIME, isStorableOrUnset(start) ? FAULT_EXEMPLAR_LATE : FAULT_START_LATE, 0, 1);
  return true;
}

export function refuseBuckets(fault: i32, value: u64): bool {
  if (fault == FAULT_MANY) hit(LIMIT_BUCKETS);
  reject(REASON_BUCKETS, fault, value, 1);
  return true;
}
