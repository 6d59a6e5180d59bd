import { computed } from '@preact/signals';
import { clock, location, route, setQuery } from './state.ts';

/** How far back the overview travels. */
export const TRAVEL_MS = 86_400_000;
/** What [ and ] move by. */
export const STEP_BACK_MS = 300_000;

/** The time the overview shows, undefined while it follows what is live. Other pages choose ranges instead. */
export const past = computed((): number | undefined => {
  const at = Number(location.value.query.get('at') ?? '');
  return route.value.page === 'overview' && Number.isFinite(at) && at > 0 ? at : undefined;
});

export function travelTo(at: number): void {
  const now = clock.peek();
  if (at >= now - 10_000) backToLive();
  else setQuery({ at: String(Math.max(now - TRAVEL_MS, Math.floor(at / 10_000) * 10_000)) });
}

export function travelBy(ms: number): void {
  travelTo((past.peek() ?? clock.peek()) + ms);
}

export function backToLive(): void {
  setQuery({ at: '' });
}
