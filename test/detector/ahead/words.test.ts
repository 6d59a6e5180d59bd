import { describe, expect, test } from 'vitest';
import type { Limit } from '../../../detector/ahead/limits.ts';
import { createLookout, type Outlook, tallyOf } from '../../../detector/ahead/lookout.ts';
import { annotationsAhead, linesAhead } from '../../../detector/ahead/words.ts';
import { anomalyOf } from '../../../detector/alerts.ts';
import { explanationOf, recomputes } from '../../../detector/explain.ts';
import { MINUTE, play } from './play.ts';

const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'enrichment', topic: 'orders' };
const limit: Limit = { kind: 'threshold', side: 'above', value: 900, of: 'LagGrowing' };
const outlook = (more: Partial<Outlook> = {}): Outlook => ({
  lookout: createLookout('above', 10_000),
  ...{ limit, end: 0, value: 521, chances: [0.42, 0.93], network: [0.3, 0.9], trend: [0.5, 0.95], weight: 0.6 },
  reach: 17.2 * MINUTE,
  ...more,
});
const said = (more: Partial<Outlook> = {}) =>
  annotationsAhead('enrichment: lag in time on orders', labels, outlook(more), 'id');
const plain = (text: string | undefined) => text?.replaceAll('\u202f', ' ');

describe('the words of a warning', () => {
  test('say what is reached, when, and how sure that is', () => {
    expect(plain(said()['summary'])).toBe(
      'enrichment: lag in time on orders reaches 15 min in about 17 min (chance 93 % within 30 min)',
    );
    expect(plain(said()['description'])).toBe(
      'Pipeline orders. It is 8 min 41 s now; 15 min is the limit of LagGrowing. Chance within 15 min: 42 %. ' +
        'It is the first warning for this series.',
    );
    expect(said()).toMatchObject({ anomaly_id: 'id' });
  });

  test('leave out a time that nobody knows, and never say that something is certain', () => {
    expect(plain(said({ reach: Number.NaN, chances: [0.001, 0.9999] })['summary'])).toBe(
      'enrichment: lag in time on orders reaches 15 min (chance > 99 % within 30 min)',
    );
    expect(plain(said({ chances: [0.001, 0.9] })['description'])).toContain('Chance within 15 min: < 1 %.');
    expect(plain(said({ reach: 12 })['summary'])).toContain('in about 1 min (');
  });

  test('fall to lower limits, and tell of longer steps', () => {
    const lookout = createLookout('below', 5 * MINUTE);
    const text = said({ lookout, limit: { ...limit, side: 'below', value: 60 } });
    expect(plain(text['summary'])).toContain('falls to 1 min in about 17 min (chance 93 % within 2 h 30 min)');
  });

  test.each([
    ['slo', 'checkout', 'the target of the SLO checkout'],
    ['retention', '', 'the retention of the topic: from there on records are deleted unread'],
    ['capacity', 'DiskFull', 'the capacity given in DiskFull'],
  ] as const)('name a limit of kind %s', (kind, of, words) => {
    expect(plain(said({ limit: { ...limit, kind, of } })['description'])).toContain(`15 min is ${words}.`);
  });

  test('say how often such warnings came true', () => {
    const lookout = createLookout('above', 10_000);
    Object.assign(tallyOf(lookout, 'threshold'), { announced: 4, kept: 3 });
    expect(said({ lookout })['description']).toContain('Of 4 earlier warnings for this series 3 came true.');
    tallyOf(lookout, 'threshold').announced = 1;
    expect(said({ lookout })['description']).toContain('Of 1 earlier warning for this series 3 came true.');
  });
});

describe('the card of a stored warning', () => {
  const values = Array.from({ length: 330 }, (_, i) => 10 + (i % 3) + Math.max(0, i - 300) * 22);
  const { said: all, watched } = play(values);
  const fired = all.find(({ verdict }) => verdict.transition === 'fired');
  const anomaly = anomalyOf(watched, fired?.verdict as never, 0, MINUTE);

  test('has limit, chances, what both forecasts said, and what came of earlier ones', () => {
    const lines = new Map(linesAhead(anomaly));
    expect([...lines.keys()]).toEqual(['limit', 'chance', 'trend', 'network', 'so far']);
    expect(lines.get('limit')).toBe('900, the limit of Limit');
    expect(plain(lines.get('chance'))).toMatch(/^\d+ % within 15 min, \d+ % within 30 min; reached in about \d+ min$/);
    expect(plain(lines.get('trend'))).toMatch(
      /^weight 0.6; furthest by 15 min: \d+, \d+, \d+ \(\d+ %\); 30 min: .*\)$/,
    );
    expect(plain(lines.get('network'))).toMatch(/^weight 0.4; value by 15 min: .*; 30 min: .*\)$/);
    expect(lines.get('so far')).toMatch(
      /^\d+ chances stated for this series, Brier score [\d.e-]+; 0 warnings over, 0 came true$/,
    );
  });

  test('gives the score again to the last bit, also after it was stored as JSON', () => {
    const stored = JSON.parse(JSON.stringify(anomaly)) as typeof anomaly;
    expect(recomputes(anomaly)).toBe('equal');
    expect(recomputes(stored)).toBe('equal');
    const [trend] = stored.votes;
    const bent = {
      ...stored,
      votes: [{ ...(trend as object), score: 0.5 }, ...stored.votes.slice(1)],
    } as typeof anomaly;
    expect(recomputes(bent)).toBe('differs');
    expect(explanationOf(bent)).toContain('it DIFFERS from what is stored');
    expect(explanationOf(stored)).toContain('Computed again from these it is exactly that.');
  });

  test('keeps the value of the minute and all that decided', () => {
    expect(anomaly.value).toBe(fired?.verdict.outlook?.value);
    expect(anomaly.decision).toMatchObject({
      ...{ breach: 'ahead', limit: 900, limit_kind: 'threshold', limit_side: 'above', limit_of: 'Limit' },
      ...{ interval: MINUTE, announced: 0, kept: 0 },
    });
    for (const name of ['chance_15', 'chance_30', 'brier_30', 'stated_30', 'reach']) {
      expect(typeof anomaly.decision[name]).toBe('number');
    }
  });
});
