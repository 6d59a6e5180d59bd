import type { StagePartition } from '../../core/group-view.ts';
import { formatRange, formatUnit, plural } from '../format.ts';
import { catchUpText, headroomText, isCatchingUp, lagText, lossText } from '../lag-words.ts';
import { gravity } from '../map/neighbours.ts';
import { STATE_WORDS } from '../states.ts';
import { Glyph } from './glyph.tsx';
import { LagTime } from './lag.tsx';

/** Partitions named one by one below the bars: those in the worst states. */
const MOST_NAMED = 2;

/** Lag of each partition a stage reads, as bars in their states, and the worst of them in words. */
export function PartitionBars({ partitions, state }: { partitions: readonly StagePartition[]; state: string }) {
  const [first] = partitions;
  if (first === undefined) return null;
  const inTime = partitions.some((one) => one.lagSeconds !== null);
  const values = partitions.map((one) => (inTime ? one.lagSeconds : one.lag) ?? 0);
  const most = Math.max(...values);
  const least = Math.min(...values);
  const unit = inTime ? 's' : '{record}';
  const shape = shapeOf(partitions, values, inTime);
  const ill = partitions
    .filter((one) => one.state !== null && gravity(one.state) >= 3)
    .sort((a, b) => rank(b) - rank(a) || (b.lagSeconds ?? 0) - (a.lagSeconds ?? 0));
  return (
    <section class="panel" aria-label="Lag by partition" data-state={state}>
      <header>
        <h2>Lag by partition</h2>
        <span class="side">{shape}</span>
      </header>
      <div
        class="bars"
        role="img"
        aria-label={`${plural(partitions.length, 'partition')}, ${formatUnit(least, unit)} to ${formatUnit(most, unit)}, ${shape}`}
      >
        {partitions.map((one, i) => (
          <i
            key={`${one.topic}/${one.group}/${one.partition}`}
            data-state={one.state ?? undefined}
            title={hint(one)}
            style={{ height: `${most === 0 ? 4 : Math.max(4, ((values[i] ?? 0) / most) * 100)}%` }}
          />
        ))}
      </div>
      <div class="bars-foot">
        <span>{first.partition}</span>
        <span>{formatRange(least, most, unit)}</span>
        <span>{partitions.at(-1)?.partition}</span>
      </div>
      {ill.slice(0, MOST_NAMED).map((one) => (
        <div
          class="row small"
          key={`${one.topic}/${one.group}/${one.partition}`}
          data-state={one.state ?? ''}
          title={hint(one)}
        >
          <Glyph state={one.state ?? 'unknown'} size={9} />
          <span class="ink2">{one.partition}</span>
          <b>
            <LagTime lag={one} />
          </b>
          <span class="end" data-state={one.lossExpected ? 'stuck' : ''}>
            <span class={one.lossExpected ? 'state-text' : 'ink3'}>{prospect(one)}</span>
          </span>
        </div>
      ))}
    </section>
  );
}

const rank = (one: StagePartition) => Number(one.lossExpected) * 100 + gravity(one.state ?? 'healthy');

/** What lies ahead of a partition: its loss, else when it is caught up, else what retention leaves it. */
function prospect(one: StagePartition): string {
  if (one.lossExpected) return `lost ${lossText(one)}`;
  const caughtUp = catchUpText(one);
  if (isCatchingUp(one)) return `caught up ${caughtUp}`;
  return one.headroom === null ? caughtUp : `${headroomText(one)} left`;
}

function hint(one: StagePartition): string {
  const state = one.state === null ? '' : `, ${STATE_WORDS[one.state].toLowerCase()}: ${one.reason}`;
  const lag = one.lagSeconds === null ? formatUnit(one.lag, '{record}') : lagText(one);
  return `${one.topic} ${one.partition}: ${lag}${state}`;
}

/** Whether one partition is behind the others (a hot key, a slow member) or all are alike. */
function shapeOf(partitions: readonly StagePartition[], values: readonly number[], inTime: boolean): string {
  const most = Math.max(...values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const hot = values.length > 1 && most > 3 * mean && most > (inTime ? 10 : 100);
  return hot ? `partition ${partitions[values.indexOf(most)]?.partition} is far behind the others` : 'even, no hot key';
}
