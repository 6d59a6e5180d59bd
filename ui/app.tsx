import { useEffect, useState } from 'preact/hooks';
import { formatAbsolute, formatAge, formatMoment, formatSecondsShort } from './format.ts';
import { GroupPage } from './pages/group.tsx';
import { GroupsPage } from './pages/groups.tsx';
import { IncidentPage } from './pages/incident.tsx';
import { IncidentsPage } from './pages/incidents.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { PipelinePage } from './pages/pipeline.tsx';
import { PipelinesPage } from './pages/pipelines.tsx';
import { StagePage } from './pages/stage.tsx';
import { TracePage } from './pages/trace.tsx';
import { TracesPage } from './pages/traces.tsx';
import { Glyph } from './parts/glyph.tsx';
import { Icon, Logo } from './parts/icon.tsx';
import { Palette } from './parts/palette.tsx';
import { backToLive, past, STEP_BACK_MS, travelBy } from './past.ts';
import { address, type Route } from './router.ts';
import {
  clock,
  connection,
  navigate,
  nextTheme,
  overview,
  RANGES,
  range,
  route,
  setRange,
  theme,
  themeChoice,
} from './state.ts';

const PAGES: readonly {
  title: string;
  url: string;
  pages: readonly Route['page'][];
  icon: 'map' | 'flow' | 'group' | 'bell' | 'wave';
  key: string;
}[] = [
  { title: 'Overview', url: address.overview(), pages: ['overview', 'stage'], icon: 'map', key: 'o' },
  { title: 'Pipelines', url: address.pipelines(), pages: ['pipelines', 'pipeline'], icon: 'flow', key: 'p' },
  { title: 'Groups', url: address.groups(), pages: ['groups', 'group'], icon: 'group', key: 'c' },
  { title: 'Incidents', url: address.incidents(), pages: ['incidents', 'incident'], icon: 'bell', key: 'i' },
  { title: 'Traces', url: address.traces(), pages: ['traces', 'trace'], icon: 'wave', key: 't' },
];

export function App() {
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme.value;
  }, [theme.value]);
  useEffect(() => {
    document.addEventListener('click', followLink);
    return () => document.removeEventListener('click', followLink);
  }, []);
  useKeys(() => setSearching(true));
  const current = route.value;
  return (
    <div class="app">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="logo" href="/">
          <Logo /> Weir
        </a>
        <nav aria-label="Pages">
          <Links current={current} />
        </nav>
        <span class="spacer" />
        <button type="button" class="control search" onClick={() => setSearching(true)} aria-haspopup="dialog">
          <Icon name="search" /> Search or go to <kbd>⌘K</kbd>
        </button>
        <label class="control range">
          <Icon name="clock" />
          <span class="unseen">Time range</span>
          <select value={range.value.name} onChange={(event) => setRange(event.currentTarget.value)}>
            {Object.entries(RANGES).map(([name, { title }]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
          <span class="zone">UTC</span>
          <span class="caret">
            <Icon name="caret" size={12} />
          </span>
        </label>
        <ThemeButton />
        <LiveState />
      </header>
      <main id="main" tabIndex={-1}>
        <Page current={current} />
      </main>
      <nav class="tabs" aria-label="Pages">
        <Links current={current} icons />
      </nav>
      {searching ? <Palette close={() => setSearching(false)} /> : null}
    </div>
  );
}

function Page({ current }: { current: Route }) {
  switch (current.page) {
    case 'overview':
      return <OverviewPage />;
    case 'stage':
      return (
        <StagePage key={`${current.pipeline}/${current.stage}`} pipeline={current.pipeline} stage={current.stage} />
      );
    case 'groups':
      return <GroupsPage />;
    case 'group':
      return <GroupPage key={current.group} group={current.group} />;
    case 'pipelines':
      return <PipelinesPage />;
    case 'pipeline':
      return <PipelinePage key={current.pipeline} pipeline={current.pipeline} />;
    case 'incidents':
      return <IncidentsPage />;
    case 'incident':
      return <IncidentPage key={current.id} id={current.id} />;
    case 'traces':
      return <TracesPage />;
    case 'trace':
      return <TracePage key={current.id} id={current.id} />;
    case 'lost':
      return (
        <p class="problem">
          There is no page {current.path}. <a href="/">Go to the overview</a>
        </p>
      );
  }
}

function Links({ current, icons = false }: { current: Route; icons?: boolean }) {
  const open = overview.value?.incidents.length ?? 0;
  return (
    <>
      {PAGES.map(({ title, url, pages, icon }) => (
        <a key={title} href={url} aria-current={pages.includes(current.page) ? 'page' : undefined}>
          {icons ? <Icon name={icon} size={18} /> : null}
          {title}
          {title === 'Incidents' && open > 0 ? (
            <span class="badge" title={`${open} open`}>
              {open}
            </span>
          ) : null}
        </a>
      ))}
    </>
  );
}

function ThemeButton() {
  const choice = themeChoice.value;
  const icon = choice === 'system' ? 'system' : choice === 'dark' ? 'moon' : 'sun';
  return (
    <button
      type="button"
      class="control icon theme"
      onClick={nextTheme}
      aria-label={`Theme: ${choice}`}
      title={`Theme: ${choice} (T)`}
    >
      <Icon name={icon} />
    </button>
  );
}

function LiveState() {
  const view = overview.value;
  const now = clock.value;
  const at = past.value;
  if (at !== undefined) {
    return (
      <span class="live past-time" role="status">
        {formatMoment(at, now, true)}, {formatAge(at, now)}
      </span>
    );
  }
  if (connection.value !== 'live') {
    return (
      <span class="live" data-state="unknown" role="status">
        <Glyph state="unknown" size={9} quiet /> {connection.value === 'lost' ? 'Reconnecting' : 'Connecting'}
      </span>
    );
  }
  if (view === undefined) return <span class="live">Reading</span>;
  if (view.newest === 0) {
    return (
      <span class="live" data-state="idle">
        <Glyph state="idle" size={9} quiet /> Listening
      </span>
    );
  }
  const late = now - view.newest > 60_000;
  return (
    <span class="live" title={`Newest telemetry: ${formatAbsolute(view.newest)}`}>
      <Glyph state={late ? 'unknown' : 'healthy'} size={9} quiet />
      {late ? `Late by ${formatSecondsShort((now - view.newest) / 1000)}` : `Live · ${formatAge(view.newest, now)}`}
    </span>
  );
}

/** Links inside the application change the page without loading it again. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = (event.target as Element).closest('a');
  if (link === null || link.target !== '' || !link.hasAttribute('href') || link.origin !== location.origin) return;
  if (link.getAttribute('href')?.startsWith('#')) return;
  event.preventDefault();
  navigate(link.href);
}

/** Ctrl K or / search; G then O, P, C, I, T go to a page; T changes the theme; [ and ] travel in time, L or Esc come back. */
function useKeys(search: () => void): void {
  useEffect(() => {
    let going = 0;
    const listen = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        search();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isField(event.target)) return;
      const key = event.key.toLowerCase();
      if (Date.now() - going < 1500) {
        going = 0;
        const page = PAGES.find((one) => one.key === key);
        if (page !== undefined) navigate(page.url);
        return;
      }
      if (key === 'g') going = Date.now();
      else if (key === 't') nextTheme();
      else if (route.peek().page === 'overview' && (key === '[' || key === ']'))
        travelBy(key === '[' ? -STEP_BACK_MS : STEP_BACK_MS);
      else if (past.peek() !== undefined && (key === 'l' || key === 'escape')) backToLive();
      else if (key === '/') {
        event.preventDefault();
        search();
      }
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
