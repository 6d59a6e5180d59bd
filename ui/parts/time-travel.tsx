import { formatAge, formatMoment } from '../format.ts';
import { backToLive, past, TRAVEL_MS, travelTo } from '../past.ts';
import { clock } from '../state.ts';

/** A day to look back over: the map as it was at any time of it. */
export function TimeTravel() {
  const now = Math.floor(clock.value / 10_000) * 10_000;
  const at = past.value;
  return (
    <div class="time-travel">
      <span>
        <b>Last 24 h</b> <span class="ink3">drag to travel back</span>
      </span>
      <input
        type="range"
        aria-label="Time shown on the map"
        aria-valuetext={at === undefined ? 'Live' : `${formatMoment(at, now, true)} UTC, ${formatAge(at, now)}`}
        min={now - TRAVEL_MS}
        max={now}
        step={10_000}
        value={at ?? now}
        onInput={(event) => travelTo(Number(event.currentTarget.value))}
      />
      {at === undefined ? (
        <span class="ink3 time-travel-now">following live</span>
      ) : (
        <span class="time-travel-now">
          <b>{formatMoment(at, now, true)}</b> <span class="ink3">{formatAge(at, now)}</span>{' '}
          <button type="button" class="control" onClick={backToLive}>
            Back to live
          </button>
        </span>
      )}
    </div>
  );
}
