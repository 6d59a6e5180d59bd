import { describe, expect, test } from 'vitest';
import type {
  ArrivalView,
  BudgetView,
  CheckpointView,
  FreshView,
  PathwayView,
  PipelinePage,
} from '../../core/pipeline-page.ts';
import {
  arrivalGlyph,
  arrivalHint,
  arrivalText,
  burnText,
  checkpointName,
  completeness,
  emptyIn,
  freshGlyph,
  heldBackBy,
  methodText,
  pathwayTitle,
  pipelineAnswer,
  pipelineGlyph,
  problemTitle,
  sloGlyph,
  sloTitle,
  stalest,
} from '../../ui/pipeline-words.ts';
import { plain } from './views.ts';

const times = { p50: 0.4, p95: 1, p99: 1.2 };

function checkpoint(
  service: string,
  direction: 'in' | 'out',
  destination: string,
  given: Partial<CheckpointView> = {},
) {
  const none = { hash: service + direction, system: 'kafka', group: '', rate: 10, latency: times, edge: times };
  return { ...none, service, direction, destination, arrival: null, ...given };
}

function arrival(state: string, given: Partial<ArrivalView> = {}): ArrivalView {
  return {
    ...{ state, sent: 1000, reached: 988, ratio: 1, seconds: 600, missing: 0, detectable: 0.001, reason: '' },
    ...given,
  };
}

function pathway(given: Partial<PathwayView> = {}): PathwayView {
  return {
    ...{
      id: 'x',
      unseenUpstream: false,
      sampled: false,
      share: 1,
      rate: 10,
      latency: times,
      arrival: arrival('conserved'),
    },
    checkpoints: [checkpoint('shop', 'out', 'orders'), checkpoint('billing', 'in', 'orders')],
    ...given,
  };
}

function fresh(node: string, given: Partial<FreshView> = {}): FreshView {
  return {
    ...{
      pipeline: 'orders',
      time: 0,
      kind: 'database',
      node,
      completeTo: 0,
      age: 4,
      ownAge: 4,
      state: 'current',
      limitedBy: `database:${node}`,
    },
    reason: '',
    ...given,
  };
}

function slo(given: Partial<BudgetView> = {}): BudgetView {
  return {
    ...{ pipeline: 'orders', slo: 'In time', indicator: 'freshness', kind: 'database', node: 'warehouse' },
    ...{ objective: 0.99, target: 900, period: 2_592_000, budgetLeft: 0.5, burns: [0.2, 0.1], fast: 0, slow: 0 },
    ...{ good: 1, total: 1, state: 'met', reason: 'half of it left', time: 0 },
    ...given,
  };
}

function page(given: Partial<PipelinePage> = {}): PipelinePage {
  return {
    ...{ now: 0, pipeline: 'orders', description: '', owner: '', criticality: '', truncated: false },
    ...{ pathways: [pathway()], freshness: [], slos: [], problems: [], deadLetters: [] },
    ...given,
  };
}

describe('names', () => {
  test('of checkpoints and pathways follow the data', () => {
    expect(checkpointName(checkpoint('shop', 'out', 'orders'))).toBe('shop → orders');
    expect(checkpointName(checkpoint('billing', 'in', 'orders'))).toBe('orders → billing');
    expect(pathwayTitle(pathway())).toBe('shop → billing');
    const ends = [checkpoint('billing', 'in', 'orders'), checkpoint('billing', 'out', 'invoices')];
    expect(pathwayTitle({ checkpoints: ends, unseenUpstream: true })).toBe('… → billing → invoices');
  });

  test('say what latencies are made of', () => {
    expect(methodText('exact', 1)).toBe('every record');
    expect(methodText('estimated', 1)).toContain('estimated');
    expect(plain(methodText('sampled', 0.1))).toBe('sampled: 10 % of the records');
    expect(methodText('sampled', null)).toBe('sampled: read off traces');
  });

  test('of signals and SLOs', () => {
    expect(problemTitle('dead_letters')).toBe('Dead letters');
    expect(plain(sloTitle(slo()))).toBe('In time ≤ 15 min');
    expect(sloTitle(slo({ target: null }))).toBe('In time');
  });
});

describe('what arrives', () => {
  test.each([
    [arrival('conserved'), 'all arrive', 'healthy'],
    [arrival('dropping', { missing: 0.012 }), '1.2 % missing', 'stuck'],
    [arrival('dropping', { missing: null }), 'some missing', 'stuck'],
    [arrival('stopped'), 'none arrive', 'stuck'],
    [arrival('left'), 'nobody reads', 'dead'],
    [arrival('surplus'), 'more arrive than were sent', 'catching_up'],
    [arrival('learning'), 'learning', 'unknown'],
    [arrival('waiting'), 'on their way', 'unknown'],
    [arrival('idle'), 'nothing sent', 'idle'],
    [null, '–', 'unknown'],
  ])('%o', (given, text, glyph) => {
    expect(plain(arrivalText(given))).toBe(text);
    expect(arrivalGlyph(given)).toBe(glyph);
  });

  test('has its numbers on hover', () => {
    const hint = plain(arrivalHint(arrival('dropping', { reason: 'some are missing', ratio: 0.5 })));
    expect(hint).toBe('Some are missing; 988 of 1.00k in 10 min, 50 % expected; a loss of 0.1 % would be noticed');
    expect(arrivalHint(null)).toContain('both ends');
  });
});

describe('budgets', () => {
  test('that burn are empty in what is left over what burns', () => {
    expect(emptyIn(slo({ budgetLeft: 0.5, burns: [15] }))).toBeCloseTo(86_400);
    expect(plain(burnText(slo({ budgetLeft: 0.5, burns: [15] })))).toBe('empty in 1 d');
    expect(burnText(slo())).toBe('burn 0.2×');
    expect(burnText(slo({ budgetLeft: -0.1, burns: [15] }))).toBe('spent');
    expect(burnText(slo({ budgetLeft: null }))).toBe('nothing counted');
    expect(emptyIn(slo({ period: null, burns: [15] }))).toBeUndefined();
  });

  test('have the glyph of their state', () => {
    expect(['met', 'slow_burn', 'fast_burn', 'exhausted', 'no_data'].map((state) => sloGlyph({ state }))).toEqual([
      ...['healthy', 'falling_behind', 'falling_behind', 'stuck', 'unknown'],
    ]);
  });
});

describe('freshness', () => {
  test('names who holds a part back, where it is another one', () => {
    expect(heldBackBy(fresh('warehouse'))).toBe('');
    expect(heldBackBy(fresh('warehouse', { limitedBy: 'service:enrich:er' }))).toBe('enrich:er');
    expect(heldBackBy(fresh('warehouse', { limitedBy: '' }))).toBe('');
    expect(['current', 'idle', 'behind', 'stalled', 'unknown'].map((state) => freshGlyph({ state }))).toEqual([
      ...['healthy', 'idle', 'late', 'stuck', 'unknown'],
    ]);
  });

  test('of a pipeline is that of its oldest part that is not idle', () => {
    const idle = fresh('quiet', { state: 'idle', age: 9999 });
    expect(stalest(page({ freshness: [idle, fresh('warehouse')] }))?.node).toBe('warehouse');
    expect(stalest(page())).toBeUndefined();
  });
});

describe('the first sentence of a pipeline', () => {
  const dropping = pathway({
    checkpoints: [
      checkpoint('shop', 'out', 'orders'),
      checkpoint('billing', 'in', 'orders', {
        arrival: arrival('dropping', { missing: 0.004, reason: 'four are missing' }),
      }),
    ],
  });

  test('says that records go missing before anything else', () => {
    const answer = pipelineAnswer(page({ pathways: [dropping], slos: [slo({ state: 'exhausted' })] }));
    expect(answer.state).toBe('stuck');
    expect(plain(answer.subject)).toBe('0.4 % of the records go missing before billing reads them.');
    expect(answer.rest).toBe('Four are missing.');
    const none = checkpoint('billing', 'out', 'invoices', { arrival: arrival('stopped') });
    expect(pipelineAnswer(page({ pathways: [pathway({ checkpoints: [none] })] })).subject).toBe(
      'Nothing arrives from billing → invoices.',
    );
  });

  test('then that data is old, and who holds it back', () => {
    const stale = fresh('warehouse', { state: 'behind', age: 1448, limitedBy: 'service:enrichment' });
    const answer = pipelineAnswer(page({ freshness: [stale] }));
    expect([answer.state, plain(answer.subject), answer.rest]).toEqual([
      ...['late', 'warehouse is 24 min 8 s old.', 'enrichment holds it back.'],
    ]);
  });

  test('then that a budget is spent', () => {
    const answer = pipelineAnswer(page({ slos: [slo({ state: 'fast_burn' })] }));
    expect(answer).toEqual({ state: 'falling_behind', subject: 'In time burns its budget.', rest: 'Half of it left.' });
  });

  test('and where nothing is wrong, how long records take and whether all arrive', () => {
    expect(plain(pipelineAnswer(page()).rest)).toBe('Orders take 1.2 s end to end (p99), and all of them arrive.');
    const unjudged = page({ pathways: [pathway({ arrival: null })] });
    expect(plain(pipelineAnswer(unjudged).rest)).toBe('Orders take 1.2 s end to end (p99).');
    expect(completeness(unjudged)).toBeNull();
    expect(
      completeness(page({ pathways: [pathway({ arrival: arrival('dropping', { missing: 0.012 }) })] })),
    ).toBeCloseTo(0.988);
  });

  test('claims nothing where nothing is known', () => {
    const blank = page({ pathways: [] });
    expect(pipelineAnswer(blank).rest).toContain('Little is known of orders');
    expect(pipelineAnswer({ ...blank, freshness: [fresh('warehouse')] }).rest).toBe('Nothing is wrong with orders.');
    const wrong = [{ stage: 'a', topic: '', signal: 'duplicates', records: 3, rate: 0 }] as const;
    expect(pipelineAnswer({ ...blank, problems: wrong }).rest).toBe('3 records went wrong in the last hour.');
    expect(pipelineGlyph(blank)).toBe('unknown');
    expect(pipelineGlyph(page())).toBe('healthy');
    expect(pipelineGlyph(page({ pathways: [dropping] }))).toBe('stuck');
  });
});
