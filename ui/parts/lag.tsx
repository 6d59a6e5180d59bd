import type { LagView } from '../../core/group-view.ts';
import { lagHint, lagTime } from '../lag-words.ts';
import { Quantity } from './quantity.tsx';

/** A lag in time with its bound; what the bound means is on hover. */
export function LagTime({ lag }: { lag: Pick<LagView, 'lagSeconds' | 'lagError' | 'atLeast'> }) {
  const { before, parts, after } = lagTime(lag);
  return (
    <span class="lag-time" title={lagHint(lag)}>
      {before === '' ? null : <span class="lag-bound">{before} </span>}
      <Quantity parts={parts} />
      {after === '' ? null : <span class="lag-bound"> {after}</span>}
    </span>
  );
}
