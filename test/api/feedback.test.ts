import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostableAlert } from '../../core/alert.ts';
import type { Feedback } from '../../core/feedback.ts';
import type { DetectorsView, FeedbackListView, FeedbackView } from '../../core/feedback-view.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { AnomalyView } from '../../core/view.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createDetector } from '../../detector/main.ts';
import { storePort } from '../../detector/port.ts';
import { writeFeedback } from '../../store/queries/feedback.ts';
import { sustainedScores } from '../detector/sustained.ts';
import { createWorld, gauss, STEP } from '../detector/world.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';

const MINUTE = 60_000;
/** Yesterday, 08:00 UTC: the store forgets what is old, and the time of the day is part of what is learned. */
const EPOCH = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 16 * 3_600_000;
const LEVEL = 30_000;
/** When the lag of both stages goes from about 100 s to that for two minutes. */
const FAULTS = [10, 40, 70, 100].map((minutes) => EPOCH + minutes * MINUTE) as [number, number, number, number];

let stand: TestStore;
let api: TestApi;
let posts: PostableAlert[] = [];
const alerting = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  posts = JSON.parse(body) as PostableAlert[];
  response.end();
});
function worldOf(stages: readonly string[]) {
  const world = createWorld(EPOCH);
  for (const stage of stages)
    world.add(
      'lag_seconds',
      stage,
      (time, random) => {
        const value = 100 * (1 + 0.1 * gauss(random));
        return FAULTS.some((at) => time >= at && time < at + 2 * MINUTE) ? LEVEL : value;
      },
      { seed: 3, from: EPOCH - 6 * 3_600_000 },
    );
  return world;
}
const world = worldOf(['a', 'b']);
/** A threshold that all faults pass, and would not if it were raised by the 0.5 of a word on noise. */
let threshold: number;

/** The detector on the recorded series and the test's clock; all it finds, tells and hears goes through the real store. */
function openDetector() {
  return createDetector({
    config: detectorConfig.parse({
      ...{ shipped: false, lstm: { enabled: false }, history: '6h' },
      detectors: [
        {
          name: 'LagHigh',
          query: { signal: 'lag_seconds' },
          scorers: { ensemble: {} },
          decision: { score: threshold, min_change: 0.1, for: '20s' },
        },
      ],
    }),
    store: stand.store,
    port: {
      ...storePort(stand.store),
      readSignals: (query) => world.readSignals(query),
      newestTelemetry: () => world.newestTelemetry(),
      readReceived: (from, to) => world.readReceived(from, to),
    },
    alertingUrl: () => `http://127.0.0.1:${(alerting.address() as AddressInfo).port}`,
    dataDir: stand.dataDir,
    telemetry: silentTelemetry(),
    now: () => world.now,
  });
}
let detector: ReturnType<typeof openDetector>;

beforeAll(async () => {
  const [, ...later] = await sustainedScores(() => worldOf(['a']), FAULTS);
  threshold = Number(((Math.min(...later) + Math.max(...later)) / 2 - 0.25).toFixed(2));
  stand = await startTestStore();
  await new Promise<void>((done) => alerting.listen(0, '127.0.0.1', done));
  api = await startApi({ store: stand.store, now: () => world.now });
  detector = openDetector();
  await detector.start();
  await detector.settled();
}, 120_000);
afterAll(async () => {
  await detector?.stop();
  await api?.stop();
  alerting.close();
  await stand?.stop();
});

/** Lets the clock run to a fault and six minutes on; answers the stages that were alerted meanwhile, with their anomalies. */
async function runThrough(fault: number): Promise<Record<string, string>> {
  const alerted: Record<string, string> = {};
  for (; world.now < fault + 6 * MINUTE; world.now += STEP) {
    await detector.tick();
    if (world.now < fault) continue;
    for (const { labels, annotations, startsAt } of posts) {
      if (Date.parse(startsAt ?? '') >= fault - MINUTE)
        alerted[labels['stage'] ?? ''] = annotations?.['anomaly_id'] ?? '';
    }
  }
  await detector.settled();
  return alerted;
}

const feedbackOf = (id: string) => `/api/anomalies/${id}/feedback`;
async function say(id: string, verdict: string, by: string, note?: string): Promise<FeedbackView> {
  const response = await api.post(feedbackOf(id), { verdict, by, ...(note === undefined ? {} : { note }) });
  expect(response.status).toBe(200);
  return (await response.json()) as FeedbackView;
}
const takeBack = (id: string, query: string) => fetch(`${api.url}${feedbackOf(id)}?${query}`, { method: 'DELETE' });
const json = async <T>(path: string) => (await (await api.get(path)).json()) as T;
const errorOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { error: { code: string; message: string; path?: string } }).error,
];

describe('from an alert to the next one', () => {
  let ids: Record<string, string>;

  test('the id in the alert leads to the anomaly, which nobody has judged', async () => {
    ids = await runThrough(FAULTS[0]);
    expect(Object.keys(ids).sort()).toEqual(['a', 'b']);
    const view = await json<AnomalyView>(`/api/anomalies/${ids['a']}`);
    expect(view).toMatchObject({ id: ids['a'], detector: 'LagHigh', threshold, value: LEVEL });
    expect(view.feedback).toEqual({
      ...{ opinions: [], counts: '', movable: true, configured: threshold, threshold, window: null },
    });
  });

  test('called noise by two, it counts once, and the next equal one is silent there and nowhere else', async () => {
    await say(ids['a'] as string, 'noise', ' Ana ', 'The nightly import.');
    const view = await say(ids['a'] as string, 'noise', 'Ben');
    expect(view).toMatchObject({ counts: 'noise', configured: threshold, threshold: threshold + 0.5, window: null });
    expect(view.opinions.map(({ by, note }) => [by, note])).toEqual([
      ['Ben', ''],
      ['Ana', 'The nightly import.'],
    ]);
    expect(await json<FeedbackView>(feedbackOf(ids['a'] as string))).toEqual(view);
    expect(Object.keys(await runThrough(FAULTS[1]))).toEqual(['b']);
  });

  test('taken back by both after a restart, it fires again', async () => {
    await detector.stop();
    detector = openDetector();
    await detector.start();
    await detector.settled();
    expect((await takeBack(ids['a'] as string, 'by=Ana')).status).toBe(200);
    const response = await takeBack(ids['a'] as string, 'by=Ana&of=Ben');
    expect(await response.json()).toMatchObject({ opinions: [], counts: '', threshold: threshold });
    expect(Object.keys(await runThrough(FAULTS[2])).sort()).toEqual(['a', 'b']);
  });

  test('what was said survives a restart', async () => {
    await say(ids['b'] as string, 'noise', 'Ana');
    await detector.stop();
    detector = openDetector();
    await detector.start();
    await detector.settled();
    expect(Object.keys(await runThrough(FAULTS[3]))).toEqual(['a']);
  });

  test('expected tells when and up to where, from what was seen until it was over', async () => {
    const view = await say(ids['b'] as string, 'expected', 'Ana');
    expect(view.counts).toBe('expected');
    // What one says anew replaces what one said: the noise is gone, and the threshold with it.
    expect(view.threshold).toBe(threshold);
    expect(view.window).toMatchObject({ side: 'above', limit: LEVEL * 1.2 });
    const { onset, resolvedAt } = await json<AnomalyView>(`/api/anomalies/${ids['b']}`);
    expect(view.window?.length).toBe(resolvedAt - onset + 2 * 3_600_000);
  });

  test('the records count it, and the list has all that stands', async () => {
    world.now += MINUTE;
    await detector.tick();
    await detector.settled();
    const { detectors } = await json<DetectorsView>('/api/detectors');
    expect(detectors).toMatchObject([
      {
        ...{ detector: 'LagHigh', signal: 'lag_seconds', severity: 'warning', series: 2, alerts: 6 },
        ...{ useful: 0, noise: 0, expected: 1, precision: 0, perSeriesWeek: 3 },
        ...{ quiet: 6, quietPerSeriesWeek: 3, falseAlarms: expect.any(Number), rungs: { baseline: 2 } },
      },
    ]);
    const { judged } = await json<FeedbackListView>('/api/feedback');
    expect(judged).toMatchObject([{ anomalyId: ids['b'], detector: 'LagHigh', counts: 'expected' }]);
    expect(judged[0]?.opinions).toHaveLength(1);
  });
});

describe('what is refused', () => {
  const good = { verdict: 'noise', by: 'Ana' };

  test('unknown anomalies, by every way', async () => {
    const unknown = [404, { code: 'api_anomaly_unknown', message: 'There is no anomaly "nobody"' }];
    expect(await errorOf(await api.get('/api/anomalies/nobody'))).toEqual(unknown);
    expect(await errorOf(await api.get(feedbackOf('nobody')))).toEqual(unknown);
    expect(await errorOf(await api.post(feedbackOf('nobody'), good))).toEqual(unknown);
    expect(await errorOf(await takeBack('nobody', 'by=Ana'))).toEqual(unknown);
  });

  test.each([
    [{ ...good, verdict: 'bad' }, 'body.verdict', '"verdict" is one of useful, noise, expected'],
    [{ by: 'Ana' }, 'body.verdict', '"verdict" is one of useful, noise, expected'],
    [{ verdict: 'noise' }, 'body.by', expect.any(String)],
    [{ ...good, by: '  ' }, 'body.by', expect.any(String)],
    [{ ...good, note: 'x'.repeat(1001) }, 'body.note', expect.any(String)],
    [{ ...good, shift: 9 }, 'body', expect.stringContaining('shift')],
    [[], 'body', expect.any(String)],
  ])('%j', async (body, path, message) => {
    expect(await errorOf(await api.post(feedbackOf('any'), body))).toEqual([
      400,
      { code: 'api_request_invalid', message, path },
    ]);
  });

  test('taking back without a name, or what was not said', async () => {
    const labels = { signal: 'lag', stage: 'x' };
    const word: Feedback = {
      ...{ anomalyId: 'outlived', detector: 'LagHigh', labels, by: 'Ana', verdict: 'noise', note: '', time: EPOCH },
      ...{ breach: 'score', onset: EPOCH, until: EPOCH, expected: 1, reach: 2 },
    };
    await writeFeedback(stand.store, word);
    expect(await errorOf(await takeBack('outlived', ''))).toMatchObject([400, { path: 'query.by' }]);
    expect(await errorOf(await takeBack('outlived', `by=${'x'.repeat(81)}`))).toMatchObject([
      400,
      { path: 'query.by' },
    ]);
    expect(await errorOf(await takeBack('outlived', 'by=Ben'))).toEqual([
      404,
      {
        code: 'api_feedback_unknown',
        message: '"Ben" has said nothing of this anomaly that stands; what stands is of Ana',
      },
    ]);
    // What was said outlives the anomaly's own row: it can be read, joined and taken back.
    expect(await json<FeedbackView>(feedbackOf('outlived'))).toMatchObject({ counts: 'noise', threshold: null });
    expect((await say('outlived', 'useful', 'Eva')).counts).toBe('useful');
    for (const by of ['Ana', 'Eva']) expect((await takeBack('outlived', `by=${by}`)).status).toBe(200);
    expect(await json<FeedbackView>(feedbackOf('outlived'))).toMatchObject({ opinions: [], counts: '' });
    expect(await errorOf(await takeBack('outlived', 'by=Ana'))).toMatchObject([404, { code: 'api_feedback_unknown' }]);
  });

  test('writes from elsewhere, in another form, and without the token', async () => {
    const foreign = { origin: 'http://evil.example' };
    expect((await api.post(feedbackOf('any'), good, foreign)).status).toBe(403);
    expect((await fetch(`${api.url}${feedbackOf('any')}?by=Ana`, { method: 'DELETE', headers: foreign })).status).toBe(
      403,
    );
    const form = { method: 'POST', body: 'verdict=noise', headers: { 'content-type': 'text/plain' } };
    expect((await fetch(api.url + feedbackOf('any'), form)).status).toBe(415);
    const token = 'a-token-of-sixteen';
    const locked = await startApi({ store: stand.store, listen: { token } });
    expect((await locked.post(feedbackOf('nobody'), good)).status).toBe(401);
    expect((await locked.get('/api/detectors')).status).toBe(401);
    expect((await locked.post(feedbackOf('nobody'), good, { authorization: `Bearer ${token}` })).status).toBe(404);
    await locked.stop();
  });
});
