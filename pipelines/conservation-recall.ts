import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import {
  type Conservation,
  type ConservationTurn,
  readConservationTurns,
  readLatestConservation,
} from '../store/queries/conservation.ts';
import { ADOPT_MS, type EdgeMemory, NO_MEMORY } from './conservation-edge.ts';

/** Windows are read some seconds after they settled, and when a drop began is known to about a window. */
const SLACK_MS = 30_000;
/** Rows of a drop that was taken for how things are end this much before the six hours, as rows are half a minute apart. */
const ROW_MS = 60_000;

/** A pair as it was last written down. */
export interface Recalled {
  readonly last: Conservation;
  readonly memory: EdgeMemory;
}

/**
 * What a restart remembers of pairs that were judged in the last `rowsMs`: their verdict, that they were judged at all, and the stretches in
 * which they dropped records during the last `pastMs`, which say nothing of what is usual. What is usual is learnt from the counts themselves.
 */
export async function recallConservation(
  store: Store,
  at: Millis,
  { rowsMs, pastMs }: { readonly rowsMs: Millis; readonly pastMs: Millis },
): Promise<Recalled[]> {
  const [rows, turns] = await Promise.all([
    readLatestConservation(store, { from: at - rowsMs, to: at }),
    readConservationTurns(store, { from: at - pastMs, to: at }),
  ]);
  const byPair = Map.groupBy(turns, pairKey);
  return rows.map((last) => ({ last, memory: remembered(last, byPair.get(pairKey(last)) ?? [], at) }));
}

const pairKey = ({ kind, from, to }: Pick<Conservation, 'kind' | 'from' | 'to'>) => `${kind} ${from} ${to}`;
const UNJUDGED: ReadonlySet<Conservation['state']> = new Set(['learning', 'idle']);

/** The memory of a pair from its last row and its changes of verdict, oldest first. */
export function remembered(last: Conservation, turns: readonly ConservationTurn[], at: Millis): EdgeMemory {
  let strange: EdgeMemory['strange'] = [];
  let since = Number.NaN;
  for (const turn of turns) {
    const settled = turn.time - (turn.settle || 0) * 1000;
    if (turn.state === 'dropping') since = settled - 1500 * turn.seconds - SLACK_MS;
    else if (!Number.isNaN(since)) {
      strange = ended(strange, since, turn.time, settled);
      since = Number.NaN;
    }
  }
  const judged = turns.length > 0 || !UNJUDGED.has(last.state);
  if (Number.isNaN(since)) {
    const verdict = last.state === 'surplus' ? 'surplus' : 'conserved';
    return { ...NO_MEMORY, judged, verdict, strange };
  }
  if (at - since > ADOPT_MS) return { ...NO_MEMORY, judged, strange: [[0, since]] };
  const open: readonly [Millis, Millis] = [since, Number.POSITIVE_INFINITY];
  return { ...NO_MEMORY, judged, verdict: 'dropping', since, strange: [...strange, open] };
}

/** A drop that ended by itself is passed over; of one that was taken for how things are, what was before it. */
function ended(strange: EdgeMemory['strange'], since: Millis, time: Millis, settled: Millis): EdgeMemory['strange'] {
  if (time - since > ADOPT_MS - ROW_MS) return [[0, since]];
  return [...strange, [since, settled]];
}
