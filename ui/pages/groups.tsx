import type { GroupSummary, GroupsView, ShareGroupView } from '../../core/group-view.ts';
import { STAGE_STATES, type StageState } from '../../core/state.ts';
import { read } from '../client.ts';
import { formatCount, formatRate, plural, UNKNOWN } from '../format.ts';
import { catchUpText, groupsAnswer, lossRange, lossText, urgencyOf } from '../lag-words.ts';
import { Glyph } from '../parts/glyph.tsx';
import { LagTime } from '../parts/lag.tsx';
import { useSelection } from '../parts/selection.ts';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { location, setQuery, step } from '../state.ts';
import { STATE_WORDS } from '../states.ts';

/** Every consumer group of every cluster, those first that need someone. */
export function GroupsPage() {
  const { query } = location.value;
  const search = query.get('search') ?? '';
  const state = query.get('state') ?? '';
  const { value, error } = useResource<GroupsView>(`groups|${search}|${state}`, step.value, (signal) =>
    read('/api/groups', { search, state, limit: 500 }, signal),
  );
  const answer = value === undefined || state !== '' ? undefined : groupsAnswer(value);
  const shown = value?.groups ?? [];
  const at = useSelection(shown.map(({ cluster, group }) => address.group(cluster, group)));
  return (
    <div class="groups-page">
      <header class="answer" data-state={answer?.state ?? 'healthy'}>
        <div class="answer-text" role="status" aria-live="polite">
          <h1>
            {value === undefined ? (
              'Consumer groups'
            ) : answer === undefined ? (
              `${plural(value.total, 'group')} ${STATE_WORDS[state as StageState]?.toLowerCase() ?? state}.`
            ) : (
              <>
                {answer.subject === '' ? null : <span class="state-text">{answer.subject} </span>}
                {answer.rest}
              </>
            )}
          </h1>
          <p>{answer?.detail}</p>
        </div>
      </header>
      <section class="panel" aria-label="Consumer groups">
        <header class="filters">
          <h2>Consumer groups</h2>
          <span class="caption">{value === undefined ? '' : value.total}</span>
          <label class="field groups-search">
            <span class="unseen">Group or topic</span>
            <input
              type="search"
              value={search}
              placeholder="Group or topic"
              onInput={(event) => setQuery({ search: event.currentTarget.value.trim() })}
            />
          </label>
          <StateFilter states={value?.states ?? {}} asked={state} />
        </header>
        {error === '' ? null : <p class="nothing">Groups could not be read: {error}</p>}
        {value !== undefined && shown.length === 0 ? <Nothing narrowed={search !== '' || state !== ''} /> : null}
        {shown.length === 0 ? null : <GroupTable groups={shown} selected={at} />}
        {value !== undefined && value.total > shown.length ? (
          <p class="nothing">
            The first {shown.length} of {plural(value.total, 'group')}. Search for the others.
          </p>
        ) : null}
      </section>
      {value === undefined || value.shares.length === 0 ? null : <Shares shares={value.shares} />}
    </div>
  );
}

function Nothing({ narrowed }: { narrowed: boolean }) {
  if (narrowed) return <p class="nothing">No group is called that or in that state.</p>;
  return (
    <p class="nothing">
      Groups appear once something reports their offsets: the receiver <code>kafka_lag</code> with the brokers'
      addresses, a scrape of kafka_exporter or KMinion, or the OpenTelemetry Collector's kafkametrics receiver over
      OTLP.
    </p>
  );
}

function StateFilter({ states, asked }: { states: GroupsView['states']; asked: string }) {
  const present = [...STAGE_STATES].reverse().filter((state) => states[state] !== undefined || state === asked);
  return (
    <fieldset class="state-filter" aria-label="Show">
      <button type="button" aria-pressed={asked === ''} onClick={() => setQuery({ state: '' })}>
        All
      </button>
      {present.map((state) => (
        <button
          key={state}
          type="button"
          data-state={state}
          aria-pressed={asked === state}
          onClick={() => setQuery({ state: asked === state ? '' : state })}
        >
          <Glyph state={state} size={9} quiet /> {STATE_WORDS[state]} <b>{states[state] ?? 0}</b>
        </button>
      ))}
    </fieldset>
  );
}

function GroupTable({ groups, selected }: { groups: readonly GroupSummary[]; selected: number }) {
  const clusters = new Set(groups.map(({ cluster }) => cluster));
  return (
    <table class="lag-table">
      <thead>
        <tr>
          <th>State</th>
          <th>Group</th>
          <th class="wide">Topics</th>
          <th class="num">Lag</th>
          <th class="num">Records</th>
          <th class="num">Commits / written</th>
          <th class="num">Caught up</th>
          <th class="num">Data loss</th>
          <th class="num wide">Members</th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group, i) => (
          <GroupRow
            key={`${group.cluster}/${group.group}`}
            group={group}
            clusters={clusters.size}
            selected={i === selected}
          />
        ))}
      </tbody>
    </table>
  );
}

function GroupRow({ group, clusters, selected }: { group: GroupSummary; clusters: number; selected: boolean }) {
  const { cluster, state } = group;
  const lossy = group.lossExpected || (group.lost ?? 0) > 0;
  return (
    <tr data-state={state} class={selected ? 'selected' : ''} title={group.reason}>
      <td class="lag-state">
        <Glyph state={state} quiet /> <span class="state-text">{STATE_WORDS[state]}</span>
      </td>
      <td class="lag-name ellipsis">
        <a href={address.group(cluster, group.group)}>
          <b>{group.group}</b>
        </a>
        {clusters > 1 ? <span class="ink3"> {cluster}</span> : null}
      </td>
      <td class="wide mono ink2 ellipsis" title={group.topics.join(', ')}>
        {group.topics.length > 2 ? plural(group.topics.length, 'topic') : group.topics.join(', ')}
      </td>
      <td class="num lag-lag">
        <LagTime lag={group} />
      </td>
      <td class="num lag-records">{formatCount(group.lag)}</td>
      <td class="num">
        {formatRate(group.commitRate)} <span class="ink3">/ {formatRate(group.endRate)}</span>
      </td>
      <td class="num">{catchUpText(group)}</td>
      <td
        class="num lag-loss"
        data-state={lossy ? urgencyOf({ ...group, lossExpected: true }) : undefined}
        title={lossRange(group)}
      >
        <span class={lossy ? 'state-text' : 'ink3'}>
          {(group.lost ?? 0) > 0 && !group.lossExpected ? `${formatCount(group.lost)} lost` : lossText(group)}
        </span>
      </td>
      <td class="num wide">
        {group.members === null ? UNKNOWN : formatCount(group.members)}{' '}
        <span class="ink3">{group.type === '' ? '' : group.type}</span>
      </td>
    </tr>
  );
}

function Shares({ shares }: { shares: readonly ShareGroupView[] }) {
  return (
    <section class="panel shares" aria-label="Share groups">
      <header>
        <h2>Share groups</h2>
        <span class="caption">{shares.length}</span>
        <span class="side">Their members take single records in no order: shown, not judged</span>
      </header>
      <ul>
        {shares.map((share) => (
          <li class="row" key={`${share.cluster}/${share.group}`}>
            <b class="ellipsis">{share.group}</b>
            <span class="mono ink2 ellipsis">{share.topics.join(', ')}</span>
            <span class="tag">{share.state === '' ? 'state not reported' : share.state.replaceAll('_', ' ')}</span>
            <span class="end">
              <b>{formatCount(share.lag)}</b> <span class="ink3">records not done</span>
              {share.members === null ? null : <span class="ink3"> · {plural(share.members, 'member')}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
