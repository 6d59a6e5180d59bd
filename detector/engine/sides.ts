import type { Direction } from '../../core/signal.ts';

/** Streams of which both sides are read though one direction alone is judged: for the band, and as spread counts either way. */
const TWO_SIDED: readonly string[] = ['profile', 'step', 'spread'];
/** A tail that nobody reads, and that is not kept. */
export const UNREAD = -1;

/**
 * The places of the tails of a series that is judged in one direction: of each stream its upper and its lower side, in
 * turn, `UNREAD` for those that are not kept; and how many are.
 */
export function tailsFor(
  direction: Direction,
  streams: readonly string[],
): { readonly places: Int8Array; readonly count: number } {
  const places = new Int8Array(2 * streams.length).fill(UNREAD);
  let count = 0;
  for (const [k, stream] of streams.entries()) {
    if (direction !== 'down' || TWO_SIDED.includes(stream)) places[2 * k] = count++;
    if (direction !== 'up' || TWO_SIDED.includes(stream)) places[2 * k + 1] = count++;
  }
  return { places, count };
}
