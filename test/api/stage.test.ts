import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAlertingClient } from '../../api/alerting.ts';
import type { OverviewReader, StoreSources } from '../../api/overview.ts';
import { readStage } from '../../api/stage.ts';
import { indexDefinitions, NO_PIPELINE } from '../../core/definition.ts';
import type { Series } from '../../core/series.ts';
import type { LiveNode } from '../../store/queries/topology.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';

const NOW = 1_800_000_000_000;
let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const part = { kind: 'service', name: 'mail*', owner: 'post', criticality: '', description: '' } as const;
const post = { name: 'post', description: '', owner: '', criticality: '', parts: [part], edges: [], slos: [] } as const;
const throughput = (pipeline: string, stage: string): Series => ({
  labels: { signal: 'throughput', pipeline, stage },
  start: NOW - 60_000,
  step: 10_000,
  values: new Float64Array(6).fill(3),
});
const mailer: LiveNode = {
  ...{ pipeline: 'post', kind: 'service', node: 'mailer', system: '', consoleUrl: '', description: '' },
  ...{
    firstSeen: 0,
    since: 0,
    lastSeen: NOW,
    standing: 'declared',
    seen: true,
    gone: false,
    owner: '',
    criticality: '',
  },
};

/** The map as it stands when the spans of `mailer` name no pipeline and `post` declares it. */
const sources: StoreSources = {
  now: NOW,
  topology: { nodes: [mailer], edges: [], definitions: indexDefinitions([post]) },
  states: [],
  series: [throughput(NO_PIPELINE, 'mailer'), throughput(NO_PIPELINE, 'other'), throughput('shop', 'mailer')],
  anomalies: [],
  bands: new Map(),
  hops: new Map(),
};
const read = (pipeline: string, stage: string) =>
  readStage(
    {
      store: stand.store,
      // Nobody listens there: a stage is told of without alerting.
      alerting: createAlertingClient('http://127.0.0.1:9/', undefined),
      overview: { sources: async () => sources } as OverviewReader,
    },
    pipeline,
    stage,
    NOW,
  );

test('a stage has the signals of telemetry that names no pipeline where its stage is declared, and no others', async () => {
  const view = await read('post', 'mailer');
  expect(view.node).toMatchObject({ id: 'service:mailer', rate: 3 });
  expect(view.signals.map(({ signal, labels, value }) => [signal, labels['pipeline'], value])).toEqual([
    ['throughput', NO_PIPELINE, 3],
  ]);
});

test('a stage nothing was seen of is 404', async () => {
  for (const [pipeline, stage] of [
    ['post', 'nothing'],
    ['nothing', 'mailer'],
  ] as const)
    await expect(read(pipeline, stage)).rejects.toMatchObject({ status: 404 });
});
