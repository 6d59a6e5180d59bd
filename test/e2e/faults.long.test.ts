import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { switchFault } from '../../examples/order-pipeline/fault.ts';
import { FAULT_NAMES, type FaultName } from '../../examples/order-pipeline/faults.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

const folder = temporaryFolder('faults');
const hook = await startWebhookReceiver();
let weir: WeirProcess;
let controlPort: number;

interface OpenIncident {
  readonly id: string;
  readonly state: string;
  readonly culprit: string;
  readonly title: string;
}

beforeAll(async () => {
  weir = await startWeir(
    ['demo', '--data', folder.path, '--webhook', hook.url, '--control-port', '0', ...FREE_PORTS],
    300_000,
  );
  controlPort = Number(/Break it: http:\/\/127\.0\.0\.1:(\d+)/.exec(weir.output())?.[1]);
  await new Promise((done) => setTimeout(done, 90_000));
}, 400_000);

afterAll(async () => {
  await weir?.kill();
  await hook.stop();
  folder.remove();
});

/** Stages that may be named: poison messages are written by the gateway and trip enrichment. */
const CULPRITS: Readonly<Record<FaultName, readonly string[]>> = {
  'slow-consumer': ['enrichment'],
  'error-burst': ['payments'],
  'silent-producer': ['gateway'],
  'poison-messages': ['enrichment', 'gateway'],
  'slow-database': ['warehouse-sink'],
  'paused-consumer': ['payments'],
  'stopped-consumer': ['warehouse-sink'],
  'silent-drop': ['enrichment'],
};

/** Silent drops first: the backlogs of other faults make records late for hours, and windows are judged later then. */
const ORDER: readonly FaultName[] = ['silent-drop', ...FAULT_NAMES.filter((name) => name !== 'silent-drop')];

async function incidents(): Promise<readonly OpenIncident[]> {
  return (await fetch(`${weir.addresses['Alerting']}/api/incidents`)).json() as Promise<readonly OpenIncident[]>;
}

describe('each fault of the demo, one after the other', () => {
  it('raised nothing while all was well', () => {
    expect(hook.received).toEqual([]);
  });

  it.each(ORDER)(
    '%s: told within minutes with the stage named, then resolved',
    async (name) => {
      const before = hook.received.length;
      const began = Date.now();
      await switchFault(name, true, controlPort);
      const since = () => hook.received.slice(before);
      await until(
        () => since().some(({ payload }) => payload.status === 'firing'),
        120_000,
        () => `${name} not told`,
      );
      const told = (since()[0]?.at ?? 0) - began;
      await new Promise((done) => setTimeout(done, 30_000));
      const open = (await incidents()).find(({ state }) => state !== 'resolved');
      process.stderr.write(
        `${name}: told after ${Math.round(told / 1000)} s, "${open?.title}", culprit ${open?.culprit}\n`,
      );
      expect(CULPRITS[name]).toContain(open?.culprit);
      await switchFault(name, false, controlPort);
      const over = async () => (await incidents()).every(({ state }) => state === 'resolved');
      await until(over, 420_000, () => `${name} did not resolve`);
      await until(() => since().some(({ payload }) => payload.status === 'resolved'), 120_000);
      // The next fault begins on a quiet pipeline, outside the window in which the same incident would open again.
      await new Promise((done) => setTimeout(done, 60_000));
    },
    900_000,
  );
});
