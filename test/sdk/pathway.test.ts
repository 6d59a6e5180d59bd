import { describe, expect, it } from 'vitest';
import type { Direction } from '../../sdk/src/checkpoint.ts';
import { Current, Pathways, Position, seededRandom } from '../../sdk/src/pathway.ts';
import { incoming, readPathway } from '../../sdk/src/pathway-header.ts';
import { Recorder } from '../../sdk/src/recorder.ts';

const T = 1_760_000_000_000_000;

function service(name: string, seed = 1) {
  const clock = { now: T };
  const recorder = new Recorder(name);
  recorder.active = true;
  const pathways = new Pathways(recorder, () => clock.now, seed);
  const route = (direction: Direction, destination: string) =>
    recorder.route({ direction, system: 'kafka', destination, group: direction === 'in' ? 'g' : '' });
  const send = (destination: string, count = 1, copied?: string) => {
    const sending = pathways.send(route('out', destination));
    const headers = Array.from({ length: count }, () => sending.header(copied));
    sending.end();
    return headers;
  };
  const counts = () => [...recorder.busy()].map(({ place, latency }) => [place.direction, latency.take().count]);
  return { clock, recorder, pathways, route, send, counts };
}

/** What a header says. */
function read(header: string | undefined) {
  if (!readPathway(header)) throw new Error(`malformed: ${header}`);
  return { ...incoming };
}

describe('a record', () => {
  it('begins its pathway where it is first sent, and keeps its origin', () => {
    const gateway = service('gateway');
    const [header] = gateway.send('orders');
    expect(read(header)).toMatchObject({ origin: T, hop: T });
    const payments = service('payments');
    payments.clock.now = T + 500;
    const at = payments.pathways.receive(payments.route('in', 'orders'), header);
    expect(at).toMatchObject({ origin: T, hop: T + 500 });
    payments.clock.now = T + 800;
    payments.pathways.handling.run(at, () => {
      const [next] = payments.send('paid');
      expect(read(next)).toMatchObject({ origin: T, hop: T + 800 });
      expect(next).not.toContain(header?.slice(3, 19));
    });
    const [arrival, departure] = [...payments.recorder.busy()];
    expect(departure?.parent).toBe(arrival?.hash);
    expect(arrival?.edge.take()).toMatchObject({ count: 1, min: 0.0005 });
    expect(departure?.edge.take()).toMatchObject({ count: 1, min: 0.0003 });
    expect(departure?.latency.take()).toMatchObject({ count: 1, min: 0.0008 });
  });

  it('has siblings for children, however often something is sent for it', () => {
    const one = service('one');
    const at = one.pathways.receive(one.route('in', 'a'), undefined);
    const headers = one.pathways.handling.run(at, () => [...one.send('b'), ...one.send('b', 2), ...one.send('c')]);
    expect(new Set(headers).size).toBe(2);
    expect(one.counts()).toEqual([
      ['in', 1],
      ['out', 3],
      ['out', 1],
    ]);
  });

  it('begins anew for each send outside of a handler, so that hashes do not grow', () => {
    const one = service('one');
    const hashes = Array.from({ length: 50 }, (_, i) => {
      one.clock.now = T + i;
      return one.send('b', 1, `00-2db29d25116c2b7f-0640b5eecfe240-00000007a121`)[0] as string;
    });
    expect(new Set(hashes.map((header) => header.slice(0, 19))).size).toBe(1);
    expect(read(hashes.at(-1)).origin).toBe(T + 49);
  });

  it('begins where it is received when its header is missing or malformed, which is counted', () => {
    const one = service('one');
    const route = one.route('in', 'a');
    for (const header of [undefined, null, 'nonsense', 7, Buffer.from('00-')]) {
      expect(one.pathways.receive(route, header)).toMatchObject({ origin: T, hop: T });
    }
    expect(one.counts()).toEqual([['in', 5]]);
    expect([...one.recorder.takeProblems()]).toEqual([['malformed_header', 3]]);
  });

  it('is known in what its handler awaits, and nowhere else', async () => {
    const one = service('one');
    const handle = async (began: number) => {
      one.clock.now = began;
      await one.pathways.handling.run(one.pathways.receive(one.route('in', 'a'), undefined), async () => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
        expect(read(one.send('b')[0]).origin).toBe(began);
      });
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => handle(T + i * 1000)));
    expect(one.pathways.handling.getStore()).toBeUndefined();
  });
});

describe('a batch', () => {
  const headersOf = (count: number) => {
    const source = service('source');
    return Array.from({ length: count }, (_, i) => {
      source.clock.now = T + i;
      return source.send('a')[0] as string;
    });
  };
  const origins = (headers: string[]) => headers.map((header) => read(header).origin - T).sort((a, b) => a - b);

  it('draws each record once before any again', () => {
    const one = service('one');
    const batch = one.pathways.receiveBatch(one.route('in', 'a'), headersOf(100));
    const all = Array.from({ length: 100 }, (_, i) => i);
    one.pathways.handling.run(batch, () => {
      expect(origins(one.send('b', 100))).toEqual(all);
      expect(origins([...one.send('b', 60), ...one.send('b', 40)])).toEqual(all);
      expect(origins(one.send('b', 200))).toEqual(all.flatMap((i) => [i, i]));
    });
    expect(one.counts()).toEqual([
      ['in', 100],
      ['out', 400],
    ]);
  });

  it('draws without favour: a tenth of many batches has every position as often', () => {
    const one = service('one', 42);
    const headers = headersOf(10);
    const drawn = new Array(10).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const batch = one.pathways.receiveBatch(one.route('in', 'a'), headers);
      const origin = batch.position()?.origin as number;
      drawn[origin - T]++;
    }
    for (const count of drawn) expect(Math.abs(count - 2000)).toBeLessThan(4.5 * Math.sqrt(1800));
  });

  it('knows the record whose headers a message was given', () => {
    const one = service('one');
    const headers = headersOf(10);
    const batch = one.pathways.receiveBatch(one.route('in', 'a'), headers);
    one.pathways.handling.run(batch, () => {
      for (const [i, header] of headers.entries()) expect(origins(one.send('b', 1, header))).toEqual([i]);
    });
    expect(batch.of(headers[3])).toMatchObject({ origin: T + 3 });
  });

  it('takes a record without header, of several places, and no record at all', () => {
    const one = service('one');
    const route = one.route('in', 'a');
    const [first] = headersOf(1);
    one.clock.now = T + 70;
    const mixed = one.pathways.receiveBatch(route, [first, undefined, ['ignored', first], 'nonsense']);
    one.pathways.handling.run(mixed, () => expect(origins(one.send('b', 4))).toEqual([0, 0, 70, 70]));
    expect(one.recorder.takeProblems().get('malformed_header')).toBe(1);
    const none = one.pathways.receiveBatch(route, []);
    expect(none.position()).toBeUndefined();
    one.pathways.handling.run(none, () => expect(read(one.send('b')[0]).origin).toBe(T + 70));
  });
});

describe('what is passed on', () => {
  it('keeps hash, origin and hop through a call, also through a second one', () => {
    const caller = service('caller');
    expect(caller.pathways.passOn()).toBeUndefined();
    const at = caller.pathways.receive(caller.route('in', 'a'), undefined);
    caller.clock.now = T + 900;
    const header = caller.pathways.handling.run(at, () => caller.pathways.passOn());
    expect(read(header)).toMatchObject({ origin: T, hop: T });
    const callee = service('callee');
    const passed = callee.pathways.passedOn(header) as Position;
    expect(callee.pathways.handling.run(passed, () => callee.pathways.passOn())).toBe(header);
    callee.pathways.handling.run(passed, () => callee.send('b'));
    const [departure] = [...callee.recorder.busy()];
    expect(departure?.parent).toBe(at.checkpoint && 'hash' in at.checkpoint ? at.checkpoint.hash : '');
  });

  it('is nothing where there is no header, and a problem where it is malformed', () => {
    const { pathways, recorder } = service('callee');
    expect(pathways.passedOn(undefined)).toBeUndefined();
    expect(pathways.passedOn('x')).toBeUndefined();
    expect([...recorder.takeProblems()]).toEqual([['malformed_header', 1]]);
  });
});

describe('steps and streams', () => {
  it('a step is a checkpoint between what was received and what is sent', () => {
    const one = service('one');
    const step = one.recorder.route({ direction: 'in', system: 'stage', destination: 'price', group: '' });
    const at = one.pathways.receive(one.route('in', 'a'), undefined);
    one.pathways.handling.run(at, () => {
      one.clock.now = T + 40;
      const priced = one.pathways.pass(step);
      one.pathways.handling.run(priced, () => one.send('b'));
    });
    const [arrival, passed, departure] = [...one.recorder.busy()];
    expect(passed).toMatchObject({ parent: arrival?.hash, place: { system: 'stage' } });
    expect(departure?.parent).toBe(passed?.hash);
    expect(one.pathways.pass(step)).toMatchObject({ origin: T + 40 });
  });

  it('a loop over a stream has the record it was handed last', () => {
    const one = service('one');
    const current = new Current();
    one.pathways.handling.run(current, () => {
      for (const later of [5, 9]) {
        one.clock.now = T + later;
        current.record = one.pathways.receive(one.route('in', 'a'), undefined);
        expect(read(one.send('b')[0]).origin).toBe(T + later);
      }
      current.record = undefined;
      expect(one.pathways.passOn()).toBeUndefined();
    });
    expect(new Position({ high: 1, low: 2 }, T, T).position()).toMatchObject({ origin: T });
  });

  it('random numbers are those of the seed', () => {
    const take = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(take(3)).toEqual(take(3));
    expect(take(3)).not.toEqual(take(4));
    for (const value of [...take(0), ...take(-1)]) expect(value >= 0 && value < 1).toBe(true);
  });
});
