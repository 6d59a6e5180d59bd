import type { AnomalyContextView } from '../../core/past-event.ts';
import type { AnomalyView } from '../../core/view.ts';
import { read } from '../client.ts';
import { eventText } from '../event-words.ts';
import { formatAbsolute, formatMoment } from '../format.ts';
import { useResource } from '../resource.ts';

/** What stands around an alert: what happened before that is like it, and where the very points are to be had. */
export function Around({ anomaly }: { anomaly: AnomalyView }) {
  const { id, resolvedAt } = anomaly;
  const path = `/api/anomalies/${encodeURIComponent(id)}/context`;
  const { value, error } = useResource<AnomalyContextView>(path, resolvedAt, (signal) => read(path, {}, signal));
  if (value === undefined) return error === '' ? null : <p class="around nothing">{error}</p>;
  const { events, now, points } = value;
  return (
    <div class="around">
      <h3>Before it</h3>
      {events.length === 0 ? (
        <p class="ink3">Nothing like it is stored of this series, or of this detector on this stage.</p>
      ) : (
        <ol>
          {events.map((event) => (
            <li key={event.id}>
              <time title={formatAbsolute(event.firedAt)}>{formatMoment(event.firedAt, now, true)}</time>
              <span title={event.opinions.map(({ note }) => note).join('\n')}>{eventText(event, now)}</span>
            </li>
          ))}
        </ol>
      )}
      <p class="ink3">
        <a href={points.path}>The points it was judged by</a> (series <code>{points.key}</code>), or{' '}
        <code title={points.sql}>weir explain {id}</code> for every number.
      </p>
    </div>
  );
}
