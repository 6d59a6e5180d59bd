import { useState } from 'preact/hooks';
import type { DetectorRecordView, DetectorsView, FeedbackListView, JudgedView } from '../../core/feedback-view.ts';
import { read, remove } from '../client.ts';
import { VERDICT_WORDS, windowText } from '../feedback-words.ts';
import { formatCount, formatMoment, formatNumber, formatPercent, plural, UNKNOWN } from '../format.ts';
import { signalTitle } from '../pages/kpis.ts';
import { useResource } from '../resource.ts';
import { learningText, rungsText } from '../rung-words.ts';
import { clock, person, step } from '../state.ts';
import { LimitsAhead } from './limits-ahead.tsx';

/** What the detectors raised in seven days and what people said of it; and all that was said, to be taken back. */
export function Detectors() {
  const minute = Math.floor(step.value / 6);
  const { value, error } = useResource<DetectorsView>('detectors', minute, (signal) =>
    read('/api/detectors', {}, signal),
  );
  const all = value?.detectors ?? [];
  const loud = all.filter(({ alerts }) => alerts > 0);
  const quiet = all.filter(({ alerts }) => alerts === 0);
  const learning = learningText(all);
  return (
    <>
      <section class="panel detectors" aria-label="Detectors">
        <header>
          <h2>Detectors</h2>
          <span class="caption">{value === undefined ? '' : all.length}</span>
          <span class="side">last 7 days</span>
        </header>
        {error === '' ? null : <p class="nothing">The records of the detectors could not be read: {error}</p>}
        {loud.length === 0 ? null : <RecordTable records={loud} />}
        <LimitsAhead limits={value?.limits ?? []} />
        {value === undefined || error !== '' ? null : (
          <p class="nothing">
            {all.length === 0
              ? 'No detector has told of itself yet.'
              : quiet.length === 0
                ? 'Each of them raised something.'
                : `${plural(quiet.length, loud.length === 0 ? 'detector' : 'other detector')} raised nothing: ${quiet.map(({ detector }) => detector).join(', ')}.`}
            {learning === '' ? null : ` Series without a baseline yet: ${learning}.`}
          </p>
        )}
      </section>
      <Said version={minute} />
    </>
  );
}

function RecordTable({ records }: { records: readonly DetectorRecordView[] }) {
  return (
    <table class="record-table">
      <thead>
        <tr>
          <th scope="col">Detector</th>
          <th scope="col" class="num">
            Alerts
          </th>
          <th scope="col" class="num wide" title="Alerts of seven days for each series it watches">
            Per series, week
          </th>
          <th scope="col" class="wide" title="What the expectation of its series rests on">
            Series know
          </th>
          <th scope="col" class="num">
            Useful
          </th>
          <th scope="col" class="num">
            Noise
          </th>
          <th scope="col" class="num wide">
            Expected
          </th>
          <th scope="col" class="num" title="Share called useful of those that somebody has judged">
            Precision
          </th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <tr key={record.detector}>
            <th scope="row" class="ellipsis">
              {record.detector}
              {record.series === null ? <span class="ink3"> not at work</span> : null}
            </th>
            <td class="num">{formatCount(record.alerts)}</td>
            <td
              class="num wide"
              title={record.series === null ? 'Not at work' : `It watches ${plural(record.series, 'series', 'series')}`}
            >
              {formatNumber(record.perSeriesWeek)}
            </td>
            <td class="wide ellipsis knows" title={rungsHint(record)}>
              {rungsText(record.rungs) || UNKNOWN}
            </td>
            <td class="num">{formatCount(record.useful)}</td>
            <td class="num">{formatCount(record.noise)}</td>
            <td class="num wide">{formatCount(record.expected)}</td>
            <td class="num" title={record.precision === null ? 'Nobody has judged an alert of it' : ''}>
              {formatPercent(record.precision)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function rungsHint({ series, rungs }: DetectorRecordView): string {
  if (series === null) return 'Not at work';
  return rungsText(rungs) || 'Rules alone watch its series';
}

/** Words listed; what was said last is in front. */
const MOST = 30;

function Said({ version }: { version: number }) {
  const { value, reload } = useResource<FeedbackListView>('feedback', version, (signal) =>
    read('/api/feedback', {}, signal),
  );
  const [failure, setFailure] = useState('');
  const judged = value?.judged ?? [];
  if (judged.length === 0) return null;
  const back = async ({ anomalyId, opinions }: JudgedView) => {
    setFailure('');
    try {
      const path = `/api/anomalies/${encodeURIComponent(anomalyId)}/feedback`;
      for (const { by } of opinions) await remove(path, { by: person.value || by, of: by });
    } catch (problem) {
      setFailure((problem as Error).message);
    }
    reload();
  };
  return (
    <section class="panel said" aria-label="What was said of alerts">
      <header>
        <h2>What was said of alerts</h2>
        <span class="caption">{judged.length}</span>
      </header>
      {failure === '' ? null : (
        <p class="nothing" role="alert">
          {failure}
        </p>
      )}
      <ul>
        {judged.slice(0, MOST).map((one) => {
          const people = [...new Set(one.opinions.map(({ by }) => by))].join(', ');
          const what = `${signalTitle(one.labels)} of ${one.labels['stage'] ?? one.labels['pipeline'] ?? ''}`;
          return (
            <li class="row said-row" key={one.anomalyId}>
              <span class="tag">{VERDICT_WORDS[one.counts]}</span>
              <span class="said-what">
                <b>{what}</b>
                <small>
                  {one.detector}, {formatMoment(one.onset, clock.value)} UTC · {people}
                  {one.window === null ? '' : ` · each week on ${windowText(one.window)}`}
                </small>
              </span>
              <button
                type="button"
                class="plain-button end"
                aria-label={`Take back: ${what} was ${VERDICT_WORDS[one.counts].toLowerCase()}`}
                onClick={() => void back(one)}
              >
                Take back
              </button>
            </li>
          );
        })}
      </ul>
      {judged.length > MOST ? <p class="nothing">{plural(judged.length - MOST, 'older one')} not listed.</p> : null}
    </section>
  );
}
