import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSilence, type Silence, Silences, silenceState } from '../../alerting/silences.ts';
import { WeirError } from '../../core/errors.ts';
import { NOON } from './harness.ts';

function bench(known: readonly Silence[] = []) {
  const saved = new Map<string, Silence>();
  let time = NOON;
  const silences = new Silences(
    { saveSilence: (silence) => void saved.set(silence.id, silence), deleteSilence: (id) => void saved.delete(id) },
    () => time,
    known,
  );
  return {
    silences,
    saved,
    pass(seconds: number) {
      time += seconds * 1000;
    },
    add: (from: number, until: number, more: object = {}) =>
      silences.set(
        parseSilence({
          matchers: [{ name: 'stage', value: 'a|b', isRegex: true }],
          startsAt: new Date(NOON + from * 1000).toISOString(),
          endsAt: new Date(NOON + until * 1000).toISOString(),
          createdBy: 'ines',
          comment: '',
          ...more,
        }),
      ),
    state: (id: string) => silenceState(silences.find(id) as Silence, time),
  };
}

describe('Silences', () => {
  it('go from pending to active to expired', () => {
    const story = bench();
    const id = story.add(60, 120);
    expect([story.state(id), story.silences.silencedBy({ stage: 'a' })]).toEqual(['pending', []]);
    story.pass(60);
    expect([story.state(id), story.silences.silencedBy({ stage: 'a' })]).toEqual(['active', [id]]);
    expect(story.silences.silencedBy({ stage: 'ab' })).toEqual([]);
    story.pass(60);
    expect([story.state(id), story.silences.silencedBy({ stage: 'a' })]).toEqual(['expired', []]);
  });

  it('isEqual: false turns a matcher round', () => {
    const story = bench();
    const id = story.add(0, 60, {
      matchers: [
        { name: 'stage', value: 'a', isRegex: false, isEqual: false },
        { name: 'pipeline', value: 'orders', isRegex: false },
      ],
    });
    expect(story.silences.silencedBy({ stage: 'b', pipeline: 'orders' })).toEqual([id]);
    expect(story.silences.silencedBy({ stage: 'a', pipeline: 'orders' })).toEqual([]);
  });

  it('a start in the past is now', () => {
    const story = bench();
    expect(story.silences.find(story.add(-600, 60))?.startsAt).toBe(NOON);
  });

  it('an update keeps the id when only the end or the words change', () => {
    const story = bench();
    const id = story.add(0, 60);
    expect(story.add(0, 600, { id, comment: 'longer' })).toBe(id);
    expect(story.silences.list()).toHaveLength(1);
    expect(story.saved.get(id)).toMatchObject({ comment: 'longer', endsAt: NOON + 600_000 });
  });

  it.each<[string, number, object]>([
    ['other matchers', 0, { matchers: [{ name: 'stage', value: 'z', isRegex: false }] }],
    ['another start of an active one', 10, { startsAt: new Date(NOON + 20_000).toISOString() }],
  ])('an update with %s expires the old one and makes a new one', (_name, after, more) => {
    const story = bench();
    const id = story.add(0, 60);
    story.pass(after);
    const next = story.add(0, 90, { id, ...more });
    expect(next).not.toBe(id);
    expect(story.state(id)).toBe('expired');
    expect(story.silences.list()).toHaveLength(2);
  });

  it('an update of an expired one makes a new one and leaves the old', () => {
    const story = bench();
    const id = story.add(0, 60);
    story.pass(100);
    const next = story.add(0, 200, { id });
    expect(next).not.toBe(id);
    expect(story.silences.find(id)?.endsAt).toBe(NOON + 60_000);
  });

  it('a pending one can move, but not into the past', () => {
    const story = bench();
    const id = story.add(60, 120);
    expect(story.add(30, 120, { id })).toBe(id);
    story.pass(10);
    expect(story.add(5, 120, { id })).not.toBe(id);
  });

  it('expiring a pending one never leaves an end before the start', () => {
    const story = bench();
    const id = story.add(60, 120);
    story.silences.expire(id);
    expect(story.silences.find(id)).toMatchObject({ startsAt: NOON, endsAt: NOON });
    expect(() => story.silences.expire('none')).toThrow(/not found/);
  });

  it('are read back, and forgotten a while after their end', () => {
    const first = bench();
    const id = first.add(0, 60);
    const second = bench([...first.saved.values()]);
    expect(second.silences.silencedBy({ stage: 'b' })).toEqual([id]);
    second.silences.prune(NOON + 59_000);
    expect(second.silences.list()).toHaveLength(1);
    second.silences.prune(NOON + 61_000);
    expect(second.silences.list()).toEqual([]);
  });
});

it('parseSilence gives a silence or a typed error on any value', () => {
  const matcher = fc.record(
    { name: fc.string(), value: fc.string(), isRegex: fc.boolean(), isEqual: fc.boolean() },
    { requiredKeys: [] },
  );
  const time = fc.oneof(fc.string(), fc.constant('2026-11-17T12:00:00Z'), fc.constant('2026-11-18T12:00:00+01:00'));
  const near = fc.record({
    matchers: fc.array(matcher),
    startsAt: time,
    endsAt: time,
    createdBy: fc.string(),
    comment: fc.string(),
  });
  fc.assert(
    fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
      try {
        expect(parseSilence(value).matchers.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(WeirError);
        expect((error as WeirError).code).toBe('alerting_silence_invalid');
      }
    }),
    { numRuns: 500 },
  );
});
