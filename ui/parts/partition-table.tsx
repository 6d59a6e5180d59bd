import type { GroupPartitionView } from '../../core/group-view.ts';
import { formatCount, formatRate, plural } from '../format.ts';
import { catchUpText, headroomText, lossRange, lossText, neverCatchesUp } from '../lag-words.ts';
import { STATE_WORDS } from '../states.ts';
import { Glyph } from './glyph.tsx';
import { LagTime } from './lag.tsx';

/** Rows that are drawn: of a group with thousands of partitions those further behind come first. */
const MOST_ROWS = 200;

/** How a group stands in each partition: state, lag with its bound, pace, and what retention leaves it. */
export function PartitionTable({ partitions, total }: { partitions: readonly GroupPartitionView[]; total: number }) {
  const topics = new Set(partitions.map(({ topic }) => topic));
  const shown =
    partitions.length <= MOST_ROWS
      ? partitions
      : [...partitions].sort((a, b) => (b.lagSeconds ?? -1) - (a.lagSeconds ?? -1)).slice(0, MOST_ROWS);
  return (
    <section class="panel partitions" aria-label="Partitions">
      <header>
        <h2>Partitions</h2>
        <span class="caption">{total}</span>
        {shown.length < total && shown.length > 0 ? (
          <span class="side">the {plural(shown.length, 'one')} furthest behind</span>
        ) : null}
      </header>
      {shown.length === 0 ? (
        <p class="nothing">{total === 0 ? 'It has committed nothing yet.' : 'None of them lags.'}</p>
      ) : (
        <table class="lag-table partition-table">
          <thead>
            <tr>
              {topics.size > 1 ? <th>Topic</th> : null}
              <th class="num">#</th>
              <th>State</th>
              <th class="num">Lag</th>
              <th class="num">Records</th>
              <th class="num">Commits</th>
              <th class="num">Caught up</th>
              <th class="num" title="How long retention keeps the oldest record that waits">
                Headroom
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={`${one.topic}/${one.partition}`} data-state={one.state} title={one.reason}>
                {topics.size > 1 ? <td class="mono ink2 ellipsis lag-topic">{one.topic}</td> : null}
                <td class="num lag-place">{one.partition}</td>
                <td class="lag-state">
                  <Glyph state={one.state} size={9} quiet /> <span class="state-text">{STATE_WORDS[one.state]}</span>
                </td>
                <td class="num lag-lag">
                  <LagTime lag={one} />
                </td>
                <td class="num lag-records" title={offsets(one)}>
                  {formatCount(one.lag)}
                </td>
                <td class="num">{formatRate(one.commitRate)}</td>
                <td class="num" title={catchUpText(one)}>
                  {neverCatchesUp(one) ? 'never' : catchUpText(one)}
                </td>
                <td class="num lag-loss" data-state={one.lossExpected ? 'stuck' : undefined} title={lossRange(one)}>
                  <span class={one.lossExpected ? 'state-text' : ''}>
                    {one.lossExpected ? lossText(one) : headroomText(one)}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function offsets({ committed, end, oldest }: GroupPartitionView): string {
  const offset = (value: number | null) => (value === null ? 'not known' : value.toLocaleString('en-US'));
  return `Committed ${offset(committed)}, log ${offset(oldest)} to ${offset(end)}`;
}
