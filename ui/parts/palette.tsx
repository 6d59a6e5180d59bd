import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { stagesOf } from '../map/neighbours.ts';
import { address } from '../router.ts';
import { navigate, overview } from '../state.ts';
import type { GlyphState } from '../states.ts';
import { Glyph } from './glyph.tsx';
import { incidentState } from './incident-row.tsx';

interface Entry {
  readonly title: string;
  readonly kind: string;
  readonly url: string;
  readonly state: GlyphState | undefined;
}

/** Search over everything the overview knows: pages, pipelines, stages, open incidents, and traces by id. */
export function Palette({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  useEffect(() => {
    const element = dialog.current as HTMLDialogElement;
    element.showModal();
    const outside = (event: MouseEvent) => event.target === element && element.close();
    element.addEventListener('click', outside);
    return () => element.removeEventListener('click', outside);
  }, []);
  const view = overview.value;
  const entries = useMemo((): Entry[] => {
    const pages = [
      { title: 'Overview', kind: 'page', url: address.overview(), state: undefined },
      { title: 'Pipelines', kind: 'page', url: address.pipelines(), state: undefined },
      { title: 'Consumer groups', kind: 'page', url: address.groups(), state: undefined },
      { title: 'Incidents', kind: 'page', url: address.incidents(), state: undefined },
      { title: 'Traces', kind: 'page', url: address.traces(), state: undefined },
    ];
    if (view === undefined) return pages;
    return [
      ...view.incidents.map((one) => ({
        title: `${one.id} ${one.title}`,
        kind: 'incident',
        url: address.incident(one.id),
        state: incidentState(one),
      })),
      ...view.pipelines.flatMap((pipeline) =>
        stagesOf(pipeline).map((node) => ({
          title: node.name,
          kind: `stage of ${pipeline.name}`,
          url: address.stage(pipeline.name, node.name),
          state: node.state,
        })),
      ),
      ...view.pipelines.map((pipeline) => ({
        title: pipeline.name,
        kind: 'pipeline',
        url: address.pipeline(pipeline.name),
        state: undefined,
      })),
      ...pages,
    ];
  }, [view]);
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found: Entry[] = entries
    .filter((entry) => words.every((word) => `${entry.title} ${entry.kind}`.toLowerCase().includes(word)))
    .slice(0, 9);
  if (/^[0-9a-f]{16,32}$/i.test(text.trim()))
    found.unshift({ title: text.trim(), kind: 'trace', url: address.trace(text.trim()), state: undefined });
  const chosen = Math.min(at, found.length - 1);
  const go = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    close();
    navigate(entry.url);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const move = event.key === 'ArrowDown' ? 1 : -1;
      setAt(found.length === 0 ? 0 : (chosen + move + found.length) % found.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(found[chosen]);
    }
  };
  return (
    <dialog class="palette" ref={dialog} onClose={close} aria-label="Search">
      <input
        value={text}
        placeholder="Stage, incident, page or trace id"
        aria-label="Search"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" aria-label="Results">
        {found.map((entry, i) => (
          <div
            key={entry.url + entry.title}
            id={`palette-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === chosen}
            class="palette-row"
            onMouseMove={() => setAt(i)}
            onClick={() => go(entry)}
            onKeyDown={onKeyDown}
          >
            {entry.state === undefined ? <span class="palette-gap" /> : <Glyph state={entry.state} quiet />}
            <span class="ellipsis">{entry.title}</span>
            <span class="caption">{entry.kind}</span>
          </div>
        ))}
        {found.length === 0 ? <p class="nothing">Nothing is called that.</p> : null}
      </div>
    </dialog>
  );
}
