import { type Request, Router } from 'express';
import { z } from 'zod';
import type { Anomaly } from '../core/anomaly.ts';
import { FEEDBACK_VERDICTS, type Feedback } from '../core/feedback.ts';
import type {
  DetectorRecordView,
  DetectorsView,
  FeedbackListView,
  FeedbackView,
  LimitForecastView,
} from '../core/feedback-view.ts';
import { judgedPoints } from '../core/judged-points.ts';
import { fingerprint } from '../core/labels.ts';
import type { AnomalyContextView } from '../core/past-event.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readAnomaly } from '../store/queries/anomalies.ts';
import { readDetectorRecords } from '../store/queries/detector-records.ts';
import { readExpectations } from '../store/queries/expectations.ts';
import { lastFeedbackAt, readFeedback, withdrawFeedback, writeFeedback } from '../store/queries/feedback.ts';
import { readLimitForecasts } from '../store/queries/limit-forecasts.ts';
import { readPastEvents } from '../store/queries/past-events.ts';
import { known } from './bands.ts';
import { invalid, unknown } from './failure.ts';
import { feedbackView, judgedViews, readFeedbackOf } from './feedback-views.ts';
import { parseBody, parseText, personName } from './request.ts';
import { anomalyView, onsetOf } from './rows.ts';

export interface FeedbackDeps {
  readonly store: Store;
  readonly now: () => Millis;
}

const WORDS = `"verdict" is one of ${FEEDBACK_VERDICTS.join(', ')}`;
const opinion = z.strictObject({
  by: personName,
  verdict: z.enum(FEEDBACK_VERDICTS, { error: () => WORDS }),
  note: z.string().trim().max(1000).default(''),
});

/**
 * What people say of alerts: `POST /anomalies/:id/feedback` says it, `DELETE` with `by` (and `of`, whose word it is, when
 * it is another's) takes it back; both answer with what stands after it. `/feedback` lists it, `/detectors` sums it up.
 */
export function createFeedbackRoutes({ store, now }: FeedbackDeps): Router {
  const router = Router();
  router.get('/anomalies/:id', async (request, response) => {
    const { id } = request.params;
    const anomaly = await readAnomaly(store, id);
    if (anomaly === undefined) throw noAnomaly(id);
    response.json(anomalyView(anomaly, await readFeedbackOf(store, [anomaly]), now()));
  });
  router.get('/anomalies/:id/context', async (request, response) => {
    const { id } = request.params;
    const anomaly = await readAnomaly(store, id);
    if (anomaly === undefined) throw noAnomaly(id);
    const answer: AnomalyContextView = {
      now: now(),
      points: judgedPoints({ ...anomaly, onset: onsetOf(anomaly) }),
      events: await readPastEvents(store, anomaly, now()),
    };
    response.json(answer);
  });
  router.get('/anomalies/:id/feedback', async (request, response) => {
    response.json(await readView(store, request.params.id, now()));
  });
  router.post('/anomalies/:id/feedback', async (request, response) => {
    const { id } = request.params;
    const said = parseBody(request, opinion);
    const [time, anomaly, before] = await Promise.all([
      timeAfter(store, id, now()),
      readAnomaly(store, id),
      readFeedback(store, { anomaly: id }),
    ]);
    const facts = anomaly === undefined ? before[0] : await factsOf(store, anomaly, time);
    if (facts === undefined) throw noAnomaly(id);
    await writeFeedback(store, { ...facts, ...said, time });
    response.json(await readView(store, id, now(), anomaly));
  });
  router.delete('/anomalies/:id/feedback', async (request, response) => {
    const { id } = request.params;
    const by = parseName(request, 'by');
    if (by === undefined) throw invalid('query.by', 'Say who takes it back');
    const of = parseName(request, 'of') ?? by;
    const [time, standing] = await Promise.all([timeAfter(store, id, now()), readFeedback(store, { anomaly: id })]);
    const word = standing.find((one) => one.by === of);
    if (word === undefined) {
      if (standing.length === 0) await readView(store, id, now());
      const others = standing.length === 0 ? '' : `; what stands is of ${standing.map((one) => one.by).join(', ')}`;
      throw unknown('api_feedback_unknown', `"${of}" has said nothing of this anomaly that stands${others}`);
    }
    await withdrawFeedback(store, { ...word, time }, by);
    response.json(await readView(store, id, now()));
  });
  router.get('/feedback', async (_request, response) => {
    const answer: FeedbackListView = { now: now(), judged: judgedViews(await readFeedback(store)) };
    response.json(answer);
  });
  router.get('/detectors', async (_request, response) => {
    const [records, forecasts] = await Promise.all([readDetectorRecords(store, now()), readLimitForecasts(store)]);
    const detectors = records.map(
      (record): DetectorRecordView => ({
        ...record,
        series: known(record.series),
        precision: known(record.precision),
        perSeriesWeek: known(record.perSeriesWeek),
        quietPerSeriesWeek: known(record.quietPerSeriesWeek),
        falseAlarms: known(record.falseAlarms),
        forecastLoss: known(record.forecastLoss),
        forecastCoverage: known(record.forecastCoverage),
      }),
    );
    const limits = forecasts.map(
      (one): LimitForecastView => ({
        ...one,
        brier: known(one.brier),
        stated: one.stated.map(known),
        happened: one.happened.map(known),
        lead: known(one.lead),
      }),
    );
    const answer: DetectorsView = { now: now(), detectors, limits };
    response.json(answer);
  });
  return router;
}

function noAnomaly(id: string) {
  return unknown('api_anomaly_unknown', `There is no anomaly "${id}"`);
}

function parseName(request: Request, name: string): string | undefined {
  const text = parseText(request, name);
  if (text === undefined) return undefined;
  const parsed = personName.safeParse(text);
  if (!parsed.success) throw invalid(`query.${name}`, `"${name}" is a name of at most 80 characters`);
  return parsed.data;
}

/** Later than all that was said of the anomaly before, whatever the clock does. */
async function timeAfter(store: Store, id: string, now: Millis): Promise<Millis> {
  return Math.max(now, (await lastFeedbackAt(store, id)) + 1);
}

/** What stands of an anomaly; of one whose own row is gone, as long as somebody's word of it stands. */
async function readView(store: Store, id: string, now: Millis, found?: Anomaly): Promise<FeedbackView> {
  const anomaly = found ?? (await readAnomaly(store, id));
  if (anomaly !== undefined) return feedbackView(anomaly, await readFeedback(store, seriesOf(anomaly)), now);
  if ((await lastFeedbackAt(store, id)) === 0) throw noAnomaly(id);
  const [word] = await readFeedback(store, { anomaly: id });
  if (word === undefined) return { ...NOTHING };
  const { detector, labels, breach } = word;
  const subject = { id, detector, labels, decision: { breach }, threshold: null };
  return feedbackView(subject, await readFeedback(store, seriesOf(word)), now);
}

const NOTHING: FeedbackView = {
  ...{ opinions: [], counts: '', movable: false, configured: null, threshold: null, window: null },
};

function seriesOf({ labels }: Pick<Anomaly, 'labels'>) {
  return { series: [fingerprint(labels)] };
}

/** What must be known of an anomaly when its row is gone, with the value furthest from what was expected so far. */
async function factsOf(
  store: Store,
  anomaly: Anomaly,
  now: Millis,
): Promise<Omit<Feedback, 'by' | 'verdict' | 'note' | 'time'>> {
  const { detector, labels, expected, value } = anomaly;
  const onset = onsetOf(anomaly);
  const until = anomaly.resolvedAt || now;
  const seen = await readExpectations(store, fingerprint(labels), onset, Math.max(until, onset + 1));
  const further = value >= expected ? Math.max : Math.min;
  const reach = seen.value.reduce((most, one) => (Number.isNaN(one) ? most : further(most, one)), value);
  const breach = String(anomaly.decision['breach'] ?? '');
  return { anomalyId: anomaly.id, detector, labels, breach, onset, until, expected, reach };
}
