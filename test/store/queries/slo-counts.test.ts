import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeclaredSlo } from '../../../core/definition.ts';
import { writeFreshness } from '../../../store/queries/freshness.ts';
import { readSloCounts } from '../../../store/queries/slo-counts.ts';
import { startTestStore, type TestStore } from '../harness.ts';

const S = 1000;
const END = Math.floor(Date.now() / 60_000 - 2) * 60_000;
const WINDOWS = [3_600_000, 300_000];
/** A name that SQL, tuples and JSON would like to take apart. */
const ODD = `wa're\\house, ("x") {y:String} [1]`;

const slo = (indicator: DeclaredSlo['indicator'], node: string, target: number) =>
  ({
    name: 'one',
    indicator,
    kind: indicator === 'freshness' ? 'dataset' : 'service',
    node,
    objective: 0.99,
    target,
  }) as DeclaredSlo;
const ask = (one: DeclaredSlo, pipeline: string) => ({ pipeline, slo: one, windows: WINDOWS });

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

describe('good and all', () => {
  const asked = [
    ask(slo('freshness', ODD, 60), ODD),
    ask(slo('latency', ODD, 0.5), ODD),
    ask(slo('errors', ODD, Number.NaN), ODD),
    ask(slo('freshness', 'other', 60), ODD),
  ];

  test('are none in an empty store, and of no SLOs', async () => {
    const none = { good: 0, total: 0 };
    expect(await readSloCounts(stand.store, asked, END)).toEqual(asked.map(() => [none, none]));
    expect(await readSloCounts(stand.store, [], END)).toEqual([]);
  });

  test('are counted by window, of parts of whatever name', async () => {
    const round = (ago: number, age: number, pipeline = ODD) => ({
      ...{ time: END - ago * S, pipeline, kind: 'dataset' as const, node: ODD, completeTo: END - age * S },
      ...{ age, ownAge: age, state: 'fresh', limitedBy: '', reason: '' },
    });
    await writeFreshness(stand.store, [
      round(3000, 10),
      round(2000, 90),
      round(200, 60),
      round(100, 61),
      round(50, Number.NaN),
      round(100, 10, 'another'),
    ]);
    await stand.store.insert('red_10s', [
      { Time: END / S - 100, Pipeline: ODD, Service: ODD, Kind: 'Consumer', Source: 'spans', Count: 10, Errors: 3 },
    ]);
    const [fresh, , errors, other] = await readSloCounts(stand.store, asked, END);
    expect(fresh).toEqual([
      { good: 2, total: 4 },
      { good: 1, total: 2 },
    ]);
    expect(errors?.[1]).toEqual({ good: 7, total: 10 });
    expect(other?.[0]).toEqual({ good: 0, total: 0 });
  });
});
