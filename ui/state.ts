import { computed, signal } from '@preact/signals';
import { STEP_MS } from '../core/time.ts';
import type { OverviewView } from '../core/view.ts';
import { openLive, read } from './client.ts';
import { parseRoute } from './router.ts';

export const location = signal({
  path: globalThis.location.pathname,
  query: new URLSearchParams(globalThis.location.search),
});
export const route = computed(() => parseRoute(location.value.path));

/** Ranges on offer, in milliseconds. */
export const RANGES: Readonly<Record<string, { title: string; length: number }>> = {
  '15m': { title: 'Last 15 min', length: 900_000 },
  '1h': { title: 'Last 1 h', length: 3_600_000 },
  '3h': { title: 'Last 3 h', length: 3 * 3_600_000 },
  '12h': { title: 'Last 12 h', length: 12 * 3_600_000 },
  '24h': { title: 'Last 24 h', length: 24 * 3_600_000 },
  '7d': { title: 'Last 7 d', length: 7 * 86_400_000 },
};
const DEFAULT_RANGE = '1h';

export const range = computed(() => {
  const asked = location.value.query.get('range') ?? stored('weir.range') ?? DEFAULT_RANGE;
  const name = Object.hasOwn(RANGES, asked) ? asked : DEFAULT_RANGE;
  return { name, ...(RANGES[name] as { title: string; length: number }) };
});

export const overview = signal<OverviewView | undefined>(undefined);
export const overviewError = signal('');
export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
/** Now, once a second; the API's clock, so that ages are right on a machine whose own clock is not. */
export const clock = signal(Date.now());
/** Grows with every closed step and with every change of an incident: pages reload what they show. */
export const step = computed(() => Math.floor(clock.value / STEP_MS));
export const incidentChanges = signal(0);

/** End of the last step that is closed for long enough to be complete: spans arrive some seconds after they end. */
export function settledEnd(): number {
  return Math.floor((clock.peek() - STEP_MS) / STEP_MS) * STEP_MS;
}

let clockOffset = 0;

export function navigate(url: string, replace = false): void {
  const target = new URL(url, globalThis.location.href);
  const keep = new URLSearchParams(globalThis.location.search).get('range');
  if (keep !== null && !target.searchParams.has('range')) target.searchParams.set('range', keep);
  history[replace ? 'replaceState' : 'pushState'](null, '', target);
  const moved = target.pathname !== location.value.path;
  location.value = { path: target.pathname, query: target.searchParams };
  if (moved) {
    scrollTo(0, 0);
    document.querySelector('main')?.focus({ preventScroll: true });
  }
}

export function setRange(name: string): void {
  store('weir.range', name);
  const query = new URLSearchParams(location.value.query);
  query.set('range', name);
  navigate(`${location.value.path}?${query}`, true);
}

/** Changes some of the address' query and keeps the rest; an empty value removes a name. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const query = new URLSearchParams(location.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(text === '' ? location.value.path : `${location.value.path}?${text}`, true);
}

export type ThemeChoice = 'system' | 'dark' | 'light';
const darkQuery = matchMedia('(prefers-color-scheme: light)');
const systemTheme = signal<'dark' | 'light'>(darkQuery.matches ? 'light' : 'dark');
darkQuery.addEventListener('change', () => {
  systemTheme.value = darkQuery.matches ? 'light' : 'dark';
});
export const themeChoice = signal<ThemeChoice>(parseTheme(stored('weir.theme')));
export const theme = computed(() => (themeChoice.value === 'system' ? systemTheme.value : themeChoice.value));

function parseTheme(text: string | undefined): ThemeChoice {
  return text === 'dark' || text === 'light' ? text : 'system';
}

export function nextTheme(): void {
  const order: readonly ThemeChoice[] = ['system', 'dark', 'light'];
  themeChoice.value = order[(order.indexOf(themeChoice.value) + 1) % order.length] as ThemeChoice;
  store('weir.theme', themeChoice.value);
}

/** Who acts, as written into an incident's timeline; asked once and kept. */
export const person = signal(stored('weir.person') ?? '');
export function setPerson(name: string): void {
  person.value = name;
  store('weir.person', name);
}

function stored(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

function accept(view: OverviewView): void {
  clockOffset = view.now - Date.now();
  clock.value = view.now;
  overview.value = view;
  overviewError.value = '';
}

/** Starts what every page lives on: the first overview, the live stream, the clock and the address. */
export function startState(): void {
  addEventListener('popstate', () => {
    location.value = { path: globalThis.location.pathname, query: new URLSearchParams(globalThis.location.search) };
  });
  setInterval(() => {
    clock.value = Date.now() + clockOffset;
  }, 1000);
  read<OverviewView>('/api/overview').then(accept, (error: Error) => {
    overviewError.value = error.message;
  });
  openLive({
    overview: accept,
    incidents: () => {
      incidentChanges.value++;
    },
    open: () => {
      connection.value = 'live';
    },
    lost: () => {
      connection.value = 'lost';
    },
  });
}
