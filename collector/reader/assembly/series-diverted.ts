// Points that get no row because of what was said about their series.

import { reject, REASON_CARDINALITY } from './host';
import { accept } from './items';
import { readAttributes } from './metrics-attributes';
import { DIVERT, Series } from './series';
import { canonical, layOut } from './series-derived';
import { divertPoint } from './series-host';

/** Refuses or diverts a point that passed its checks; `from` to `end` is its message. */
export function turnAway(series: Series, from: u32, end: u32, start: u64, time: u64, value: f64, flags: u32): void {
  if (series.verdict != DIVERT) {
    reject(REASON_CARDINALITY, 0, 0, 1);
    return;
  }
  readAttributes();
  layOut();
  divertPoint(canonical.ptr, canonical.length, start, time, value, flags, from, end - from);
  accept();
}
