import { useState } from 'preact/hooks';
import type { TimelineEntry } from '../../core/incident.ts';
import type { IncidentView } from '../../core/view.ts';
import { formatAbsolute, formatClock } from '../format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { person, setPerson } from '../state.ts';
import type { GlyphState } from '../states.ts';

/** Sends a decision about the incident; the page reloads when it was taken. */
export type Act = (action: 'ack' | 'resolve' | 'note', text?: string) => Promise<void>;

const KIND_GLYPH: Partial<Record<TimelineEntry['kind'], GlyphState>> = {
  opened: 'falling_behind',
  alert_firing: 'falling_behind',
  alert_resolved: 'healthy',
  resolved: 'healthy',
  reopened: 'falling_behind',
  notification_failed: 'stuck',
};
const KIND_ICON: Partial<Record<TimelineEntry['kind'], IconName>> = {
  notified: 'bell',
  acknowledged: 'person',
  note: 'person',
};

/** What happened, oldest first, and a field for what people know. */
export function Timeline({ view, act }: { view: IncidentView; act: Act }) {
  const [text, setText] = useState('');
  const [by, setBy] = useState(person.value);
  const send = (event: Event) => {
    event.preventDefault();
    const name = (person.value === '' ? by : person.value).trim();
    if (text.trim() === '' || name === '') return;
    setPerson(name);
    void act('note', text.trim()).then(() => setText(''));
  };
  return (
    <section class="panel timeline" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
        <span class="side">UTC</span>
      </header>
      <ol>
        {view.timeline.map((entry, i) => {
          const glyph = KIND_GLYPH[entry.kind];
          return (
            <li key={`${entry.time}-${i}`} title={formatAbsolute(entry.time)}>
              <time>{formatClock(entry.time)}</time>
              <span class="mark">
                {glyph === undefined ? (
                  <Icon name={KIND_ICON[entry.kind] ?? 'check'} size={12} />
                ) : (
                  <Glyph state={glyph} quiet />
                )}
              </span>
              <span class={entry.kind === 'opened' || entry.kind === 'resolved' ? 'strong' : ''}>
                {entry.kind === 'note' ? `“${entry.text}”` : entry.text}
              </span>
            </li>
          );
        })}
      </ol>
      <form class="note" onSubmit={send}>
        <label>
          <span class="unseen">Add a note</span>
          <textarea
            rows={2}
            placeholder="Add a note"
            value={text}
            maxLength={4000}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) send(event);
            }}
          />
        </label>
        {text.trim() === '' ? null : (
          <div class="note-foot">
            {person.value === '' ? (
              <input
                value={by}
                placeholder="Your name"
                aria-label="Your name"
                maxLength={80}
                onInput={(event) => setBy(event.currentTarget.value)}
              />
            ) : (
              <span class="ink3">as {person.value}</span>
            )}
            <button type="submit" class="control">
              Add note
            </button>
          </div>
        )}
      </form>
    </section>
  );
}
