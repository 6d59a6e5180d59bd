import { useMemo } from 'preact/hooks';
import type { GroupHistoryView, GroupView } from '../../core/group-view.ts';
import { capital, sentence } from '../answer.ts';
import { Chart } from '../charts/chart.tsx';
import { boundText, groupModel } from '../charts/group-model.ts';
import { read } from '../client.ts';
import { formatClock, formatCount, formatMoment, formatRate, formatRecords, plural } from '../format.ts';
import { catchUpText, headroomText, lossRange, lossText, neverCatchesUp, urgencyOf } from '../lag-words.ts';
import { StateChip } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { LagTime } from '../parts/lag.tsx';
import { PartitionTable } from '../parts/partition-table.tsx';
import { StateStrip } from '../parts/state-strip.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, location, range, setQuery, settledEnd, step } from '../state.ts';
import { STATE_WORDS } from '../states.ts';

/** One consumer group: what it was like over time, and how each of its partitions stands. */
export function GroupPage({ group }: { group: string }) {
  const cluster = location.value.query.get('cluster') ?? '';
  const topic = location.value.query.get('topic') ?? '';
  const path = `/api/groups/${encodeURIComponent(group)}`;
  const view = useResource<GroupView>(`${path}|${cluster}`, step.value, (signal) => read(path, { cluster }, signal));
  const length = range.value.length;
  const named = view.value?.cluster ?? cluster;
  const past = useResource<GroupHistoryView>(`${path}|${named}|${topic}|${range.value.name}`, step.value, (signal) => {
    const to = settledEnd() + 10_000;
    return read(`${path}/history`, { cluster: named, topic, from: to - length, to }, signal);
  });
  const model = useMemo(
    () => (past.value === undefined ? undefined : groupModel(past.value, clock.peek())),
    [past.value],
  );
  const crumbs = (
    <nav class="crumbs" aria-label="Where you are">
      <a href={address.groups()}>Consumer groups</a>
      <Icon name="right" size={10} />
      <span class="ink1">{group}</span>
    </nav>
  );
  if (view.value === undefined) {
    return (
      <div class="stage-page">
        {crumbs}
        <div class="title">
          <h1>{group}</h1>
        </div>
        {view.error === '' ? <div class="panel kpis" aria-busy="true" /> : <p class="problem">{view.error}</p>}
      </div>
    );
  }
  const { topics, partitionLags } = view.value;
  return (
    <div class="stage-page group-page">
      {crumbs}
      <div class="title">
        <h1>{group}</h1>
        <StateChip state={view.value.state} />
        {view.value.type === '' ? null : <span class="tag">{view.value.type} group</span>}
        {view.value.cluster === '' ? null : <span class="tag">cluster {view.value.cluster}</span>}
        {topics.length > 1 ? (
          <label class="field">
            <span class="unseen">Topic</span>
            <select value={topic} onChange={(event) => setQuery({ topic: event.currentTarget.value })}>
              <option value="">All {topics.length} topics</option>
              {topics.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        ) : topics[0] === undefined ? null : (
          <span class="tag mono">{topics[0]} →</span>
        )}
        <div class="actions">
          {view.value.stage === '' ? null : (
            <a class="control" href={address.stage(view.value.pipeline, view.value.stage)}>
              Stage {view.value.stage}
            </a>
          )}
        </div>
      </div>
      <Numbers view={view.value} />
      <div class="group-main">
        <section class="panel charts group-charts" aria-label="Curves">
          {past.value === undefined || model === undefined ? (
            <p class="nothing">{past.error === '' ? '' : `Its past could not be read: ${past.error}`}</p>
          ) : past.value.states.every((state) => state === null) ? (
            <p class="nothing">Nothing was judged since {formatClock(clock.value - length)} UTC.</p>
          ) : (
            <>
              <StateStrip view={past.value} now={clock.peek()} />
              <Chart
                model={model}
                height={undefined}
                range={(panel, _line, index) => boundText(past.value as GroupHistoryView, panel, index)}
              />
            </>
          )}
        </section>
        <PartitionTable
          partitions={topic === '' ? partitionLags : partitionLags.filter((one) => one.topic === topic)}
          total={view.value.partitions}
        />
      </div>
    </div>
  );
}

function Numbers({ view }: { view: GroupView }) {
  const lossy = view.lossExpected || (view.lost ?? 0) > 0;
  return (
    <section class="panel kpis" aria-label="Numbers now">
      <div class="kpi" data-state={view.state}>
        <h2>Lag</h2>
        <div class="kpi-value">
          <LagTime lag={view} />
        </div>
        <p class="ellipsis" title={view.reason}>
          {sentence(capital(view.reason))}
        </p>
      </div>
      <Fact
        title="Waiting"
        value={formatCount(view.lag)}
        note={`in ${view.waiting} of ${plural(view.partitions, 'partition')}`}
      />
      <Fact title="Commits" value={formatRate(view.commitRate)} note={`of ${formatRate(view.endRate)} written`} />
      <Fact
        title="Caught up"
        value={neverCatchesUp(view) ? 'never' : catchUpText(view)}
        note={`${neverCatchesUp(view) ? 'at this rate · ' : ''}${STATE_WORDS[view.state].toLowerCase()} since ${formatMoment(view.since, view.now)}`}
      />
      <div class="kpi" data-state={lossy ? urgencyOf({ ...view, lossExpected: true }) : ''}>
        <h2>Data loss</h2>
        <div class={`kpi-value${lossy ? ' state-text' : ''}`}>{lossText(view)}</div>
        <p class="ellipsis">
          {(view.lost ?? 0) > 0
            ? `${formatRecords(view.lost)} lost already`
            : lossRange(view) || `retention keeps what waits for ${headroomText(view)}`}
        </p>
      </div>
      <Fact
        title="Members"
        value={formatCount(view.members)}
        note={
          view.members === 0
            ? 'nobody reads'
            : view.members === null
              ? 'not reported'
              : `for ${plural(view.partitions, 'partition')}`
        }
      />
    </section>
  );
}

function Fact({ title, value, note }: { title: string; value: string; note: string }) {
  return (
    <div class="kpi">
      <h2>{title}</h2>
      <div class="kpi-value">{value}</div>
      <p class="ellipsis" title={note}>
        {note}
      </p>
    </div>
  );
}
