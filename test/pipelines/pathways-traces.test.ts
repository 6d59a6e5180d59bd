import { describe, expect, test } from 'vitest';
import { derivePathways, headShare } from '../../pipelines/pathways-traces.ts';
import { pathwayQuantile } from '../../store/queries/pathways-buckets.ts';
import type { PathwaySpan } from '../../store/queries/pathways-spans.ts';

const BEGIN = 1_700_000_000_000;
let made = 0;
const id = () => (++made).toString(16).padStart(16, '0');

function span(spec: Partial<PathwaySpan> & { readonly service: string }): PathwaySpan {
  return {
    ...{ trace: 't1', span: id(), parent: '', pipeline: 'shop', kind: 'Internal', topic: '', system: '', group: '' },
    ...{ start: BEGIN, messages: 1, links: [], traceState: '' },
    ...(spec.topic === undefined ? {} : { system: 'kafka' }),
    ...spec,
  };
}
const sends = (service: string, topic: string, at: number, rest: Partial<PathwaySpan> = {}) =>
  span({ service, kind: 'Producer', topic, start: BEGIN + at, ...rest });
const reads = (service: string, topic: string, at: number, rest: Partial<PathwaySpan> = {}) =>
  span({ service, kind: 'Consumer', topic, group: service, start: BEGIN + at, ...rest });

const told = (seeds: readonly PathwaySpan[], others: readonly PathwaySpan[] = [], share = 1) => {
  const { rows, untold, missing } = derivePathways(seeds, others, share);
  const name = new Map(rows.map((row) => [row.hash, `${row.service} ${row.direction}`]));
  return {
    untold,
    missing: [...missing],
    rows: rows.map((row) => ({
      of: name.get(row.hash),
      after: row.parent === '' ? '' : (name.get(row.parent) ?? 'elsewhere'),
      count: row.count,
      estimated: Math.round(row.estimated * 1000) / 1000,
      skewed: row.skewed,
      seconds: row.sum,
      edge: row.edgeSum,
    })),
  };
};
const row = (of: string, after: string, seconds: number, edge: number, rest: object = {}) => ({
  ...{ of, after, count: 1, estimated: 1, skewed: 0, seconds, edge },
  ...rest,
});

describe('pathways from plain spans', () => {
  test('follow parents through services, with spans of other work in between', () => {
    const sent = sends('gateway', 'orders', 0);
    const got = reads('billing', 'orders', 400, { parent: sent.span });
    const work = span({ service: 'billing', parent: got.span, start: BEGIN + 410 });
    const passed = sends('billing', 'invoices', 500, { parent: work.span });
    const mailed = reads('mailer', 'invoices', 2500, { parent: passed.span });
    expect(told([sent, got, passed, mailed], [work])).toEqual({
      missing: [],
      untold: { upstream_not_found: 0, too_deep: 0 },
      rows: [
        row('gateway out', '', 0, 0),
        row('billing in', 'gateway out', 0.4, 0.4),
        row('billing out', 'billing in', 0.5, 0.1),
        row('mailer in', 'billing out', 2.5, 2),
      ],
    });
  });

  test('follow the links of a batch, one record each, and what is sent on to one of them', () => {
    const first = sends('gateway', 'orders', 0, { trace: 'a' });
    const second = sends('gateway', 'orders', 300, { trace: 'b' });
    const links = [first, second].map(({ trace, span: linked }) => [trace, linked] as const);
    const batch = reads('billing', 'orders', 1000, { trace: 'c', links, messages: 2 });
    const passed = sends('billing', 'invoices', 1100, { trace: 'c', parent: batch.span });
    const { rows, missing } = told([batch, passed], [first, second]);
    expect(missing).toEqual([]);
    expect(rows[0]).toEqual(row('billing in', 'elsewhere', 1.7, 1.7, { count: 2, estimated: 2 }));
    expect(rows[1]).toMatchObject({ of: 'billing out', after: 'billing in', edge: 0.1 });
    expect([1.1, 0.8]).toContain(rows[1]?.seconds);
    expect(told([batch]).missing).toEqual(['a', 'b']);
    expect(told([batch]).untold.upstream_not_found).toBe(1);
  });

  test('survive spans that are their own parents, alone or in a ring', () => {
    const alone = reads('billing', 'orders', 0, { span: 'aaaaaaaaaaaaaaaa', parent: 'aaaaaaaaaaaaaaaa' });
    const one = reads('mailer', 'orders', 0, { span: 'bbbbbbbbbbbbbbbb', parent: 'cccccccccccccccc' });
    const two = reads('mailer', 'orders', 5, { span: 'cccccccccccccccc', parent: 'bbbbbbbbbbbbbbbb' });
    expect(told([alone, one, two])).toEqual({
      missing: [],
      untold: { upstream_not_found: 3, too_deep: 0 },
      rows: [],
    });
  });

  test('read a batch off the span that received it, for spans that handle its records', () => {
    const sent = sends('gateway', 'orders', 0);
    const batch = reads('billing', 'orders', 50, { trace: 'x', links: [[sent.trace, sent.span]] });
    const handled = reads('billing', 'orders', 60, { trace: 'x', parent: batch.span });
    expect(told([handled], [sent, batch]).rows).toEqual([row('billing in', 'elsewhere', 0.06, 0.06)]);
  });

  test('clamp clocks that disagree, and count them', () => {
    const sent = sends('gateway', 'orders', 0);
    const got = reads('billing', 'orders', -20, { parent: sent.span });
    expect(told([got], [sent]).rows).toEqual([row('billing in', 'elsewhere', 0, 0, { skewed: 1 })]);
  });

  test('say what share they stand for: of traces, of the sender, and of records of one span', () => {
    const th = sends('gateway', 'orders', 0, { messages: 10, traceState: 'vendor=1,ot=rv:1;th:c' });
    expect(told([th], [], 0.125).rows).toEqual([row('gateway out', '', 0, 0, { estimated: 320 })]);
    expect(headShare('ot=th:0')).toBe(1);
    expect(headShare('ot=th:8')).toBe(0.5);
    expect(headShare('ot=p:8')).toBe(1);
    expect(headShare('not=th:8')).toBe(1);
  });

  test('begin where nothing is named before, and are not told where it is named and not found', () => {
    const alone = reads('billing', 'orders', 0);
    expect(told([alone]).rows).toEqual([row('billing in', '', 0, 0)]);
    const lost = reads('billing', 'orders', 0, { parent: 'ffffffffffffffff' });
    expect(told([lost])).toMatchObject({ rows: [], untold: { upstream_not_found: 1 } });
  });

  test('end where spans go round', () => {
    const one = sends('a', 't', 0, { span: '00000000000000f1', parent: '00000000000000f2' });
    const two = reads('a', 't', 1, { span: '00000000000000f2', parent: '00000000000000f1' });
    expect(told([one, two])).toMatchObject({ rows: [], untold: { too_deep: 2 } });
    const ring = span({ service: 'a', span: '00000000000000f3', parent: '00000000000000f3' });
    expect(told([sends('a', 't', 0, { parent: ring.span })], [ring]).rows).toEqual([row('a out', '', 0, 0)]);
  });

  test('have the hashes that docs/pathway.md gives', () => {
    const sent = sends('gateway', 'orders', 0);
    const got = reads('payments', 'orders', 1, { parent: sent.span });
    const passed = sends('payments', 'paid', 2, { parent: got.span });
    expect(derivePathways([sent, got, passed], [], 1).rows.map(({ hash, parent }) => [parent, hash])).toEqual([
      ['', '2db29d25116c2b7f'],
      ['2db29d25116c2b7f', 'cde7278a48ab97d6'],
      ['cde7278a48ab97d6', '6e1fc9ebbd5c8b7c'],
    ]);
  });

  test('put each span into the ten seconds it began in', () => {
    const { rows } = derivePathways([sends('a', 't', 0), sends('a', 't', 100), sends('a', 't', 10_500)], [], 1);
    expect(rows.map(({ time, count }) => [time % 10_000, count])).toEqual([
      [0, 2],
      [0, 1],
    ]);
    expect(pathwayQuantile((rows[0] as (typeof rows)[0]).buckets, 0.5)).toBe(0);
  });
});
