import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pathways } from '../../sdk/src/pathway.ts';
import {
  type Carrier,
  consume,
  consumeBatch,
  continuePathway,
  currentPathway,
  produce,
  queue,
  stage,
  withMessage,
} from '../../sdk/src/sdk.ts';

const { recorder } = pathways;
const clear = () => {
  for (const checkpoint of recorder.busy()) {
    checkpoint.latency.take();
    checkpoint.takeWindows();
  }
};
beforeAll(() => {
  recorder.active = true;
});
beforeEach(clear);
afterAll(() => {
  recorder.active = false;
});

const sqs = (destination: string) => ({ system: 'aws_sqs', destination });
function send(destination: string, headers: Carrier = {}): string {
  produce({ ...sqs(destination), headers }, () => {});
  return String(headers['weir-pathway']);
}
const origin = (header: string) => header.slice(20, 34);
const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Two messages whose pathways began at different times. */
async function twoMessages(): Promise<[Carrier, Carrier]> {
  const [older, younger] = [{}, {}];
  send('a', older);
  await pause();
  send('a', younger);
  return [older, younger];
}
const originOf = (headers: Carrier) => origin(String(headers['weir-pathway']));
const handle = <T>(headers: Carrier, work: () => T) => consume({ ...sqs('a'), group: 'g', headers }, work);

describe('a pathway that is kept', () => {
  it('is continued later, from a timer', async () => {
    const [, headers] = await twoMessages();
    const kept = handle(headers, () => currentPathway());
    expect(currentPathway()).toBeUndefined();
    expect(kept?.began).toBeCloseTo(Number.parseInt(originOf(headers), 16) / 1000);
    await pause();
    expect(origin(continuePathway(kept, () => send('b')))).toBe(originOf(headers));
    expect(origin(send('b'))).not.toBe(originOf(headers));
  });

  it('of several the one that began first is continued', async () => {
    const [older, younger] = await twoMessages();
    const first = handle(older, () => currentPathway());
    const joined = handle(younger, () => {
      const second = currentPathway();
      expect(origin(send('b'))).toBe(originOf(younger));
      return [continuePathway([second, first, undefined], () => send('b')), continuePathway([second], () => send('b'))];
    });
    expect(joined.map(origin)).toEqual([originOf(older), originOf(younger)]);
  });

  it('of none there is none: what is sent begins one', async () => {
    const [older] = await twoMessages();
    for (const none of [undefined, [], [undefined], [{ began: 5 }]]) {
      const header = handle(older, () => continuePathway(none, () => send('b')));
      expect(origin(header)).not.toBe(originOf(older));
    }
  });
});

describe('a message of a batch', () => {
  it('is continued by name, whatever holds its headers', async () => {
    const messages = (await twoMessages()).map((headers) => ({ headers }));
    consumeBatch({ ...sqs('a'), group: 'g', messages }, () => {
      for (const { headers } of messages) {
        const bytes = new Map<unknown, unknown>([
          [Buffer.from('weir-pathway'), Buffer.from(String(headers['weir-pathway']))],
        ]);
        expect(origin(withMessage({ headers }, () => send('b')))).toBe(originOf(headers));
        expect(origin(withMessage({ headers: bytes }, () => send('b')))).toBe(originOf(headers));
      }
      const drawn = [send('b'), send('b')].map(origin).sort();
      expect(drawn).toEqual(messages.map(({ headers }) => originOf(headers)).sort());
    });
  });

  it('is what it is outside of a batch', async () => {
    const [older, younger] = await twoMessages();
    expect(handle(older, () => origin(withMessage({ headers: younger }, () => send('b'))))).toBe(originOf(older));
    expect(withMessage({ headers: younger }, () => 7)).toBe(7);
  });
});

describe('queues and stages', () => {
  it('a message whose headers cannot be written to is sent all the same, which is counted', () => {
    recorder.takeProblems();
    expect(produce({ ...sqs('orders'), headers: Object.freeze({}) }, () => 'sent')).toBe('sent');
    expect(produce({ ...sqs('orders'), headers: undefined as never }, () => 'sent')).toBe('sent');
    expect([...recorder.takeProblems()]).toEqual([['unwritable_header', 2]]);
    const failing = () => {
      throw new Error('no queue');
    };
    expect(() => produce({ ...sqs('orders'), headers: {} }, failing)).toThrow('no queue');
  });

  it('a queue that is named once does as the functions do', async () => {
    const orders = queue({ system: 'aws_sqs', destination: 'orders', group: 'billing' });
    const headers: Carrier = {};
    expect(orders.produce(headers, () => 'sent')).toBe('sent');
    const passed = await orders.consume({ headers, eventTime: new Date() }, async () => send('paid'));
    expect(origin(passed)).toBe(originOf(headers));
    orders.consumeBatch([{ headers }, {}], () => {});
    const seen = [...recorder.busy()].map(({ place, latency }) => [place.destination, place.group, latency.count]);
    expect(seen).toContainEqual(['orders', '', 1]);
    expect(seen.filter(([name, group]) => name === 'orders' && group === 'billing')).toHaveLength(2);
  });

  it('a stage is a checkpoint when it says so, also of a job outside of any record', async () => {
    const price = stage('price', async (factor: number) => [factor * 2, send('priced')] as const, { checkpoint: true });
    const [older] = await twoMessages();
    const [doubled, header] = await handle(older, () => price(21));
    expect(doubled).toBe(42);
    expect(origin(header)).toBe(originOf(older));
    const nightly = await price(1);
    expect(origin(nightly[1])).not.toBe(originOf(older));
    const stages = [...recorder.busy()].filter(({ place }) => place.system === 'stage');
    expect(stages.map(({ place, parent }) => [place.destination, parent === ''])).toEqual([
      ['price', false],
      ['price', true],
    ]);
    clear();
    stage('plain', () => {})();
    expect([...recorder.busy()]).toEqual([]);
  });
});
