import { describe, expect, test } from 'vitest';
import { answerOf, byNeed, consequence, originSentence } from '../../ui/answer.ts';
import { formatClock } from '../../ui/format.ts';
import { chain, incident, type node, overviewOf } from './views.ts';

const NOW = 1_000_000;
const plain = (text: string) => text.replaceAll('\u202f', ' ');

function withNode(name: string, given: Parameters<typeof node>[1]) {
  const pipeline = chain('a', 't', 'b', 'u', 'c');
  return { ...pipeline, nodes: pipeline.nodes.map((one) => (one.name === name ? { ...one, ...given } : one)) };
}

describe('the answer', () => {
  test('says that all is well, and when it was not', () => {
    const calm = overviewOf([chain('a', 't', 'b')]);
    expect(answerOf(calm, NOW)).toMatchObject({
      state: 'healthy',
      subject: '',
      rest: 'All 2 stages healthy.',
      detail: 'No incident so far.',
    });
    expect(plain(answerOf({ ...calm, lastResolvedAt: NOW - 600_000 }, NOW).detail)).toBe('Last incident 10 min ago.');
  });

  test('names the culprit of an open incident, the consequence, the reason and who is on it', () => {
    const pipeline = withNode('b', { state: 'falling_behind', lagSeconds: 600 });
    const late = {
      ...pipeline,
      nodes: pipeline.nodes.map((one) => (one.name === 'c' ? { ...one, freshness: 1448 } : one)),
    };
    const answer = answerOf(overviewOf([late], { incidents: [incident({ openedAt: NOW - 300_000 })] }), NOW);
    expect(answer.state).toBe('falling_behind');
    expect(answer.subject).toBe('b is falling behind.');
    expect(plain(answer.rest)).toBe('Orders reach c 24 min 8 s late.');
    expect(plain(answer.detail)).toBe('It reads less than arrives. Open for 5 min. Nobody has acknowledged it.');
  });

  test('falls back to the title while the culprit looks healthy, and names who acknowledged', () => {
    const acknowledged = incident({ state: 'acknowledged', acknowledgedBy: 'Ines', reason: '' });
    const answer = answerOf(overviewOf([chain('a', 't', 'b')], { incidents: [acknowledged] }), NOW);
    expect(answer.subject).toBe('enrichment is behind.');
    expect(answer.detail).toContain('Ines is on it.');
  });

  test('several incidents: the one that needs somebody most, then how many more', () => {
    const list = [
      incident({ id: 'A', state: 'acknowledged' }),
      incident({ id: 'B', severity: 'notice' }),
      incident({ id: 'C', severity: 'critical', openedAt: 5 }),
    ];
    expect(byNeed(list).map((one) => one.id)).toEqual(['C', 'B', 'A']);
    const answer = answerOf(overviewOf([chain('a', 't', 'b')], { incidents: list }), NOW);
    expect(answer.incident?.id).toBe('C');
    expect(answer.more).toBe(2);
  });

  test('trouble without an incident is said as such', () => {
    const answer = answerOf(
      overviewOf([withNode('b', { state: 'catching_up', lagSeconds: 42, reason: 'It reads more than arrives.' })]),
      NOW,
    );
    expect(answer).toMatchObject({ state: 'catching_up', subject: 'b is catching up.' });
    expect(plain(answer.rest)).toBe('Its oldest unread record waits 42 s.');
    expect(answer.detail).toBe('It reads more than arrives. No incident is open.');
  });

  test('silence is not health', () => {
    const answer = answerOf(overviewOf([chain('a', 't', 'b')], { newest: NOW - 240_000 }), NOW);
    expect(answer.state).toBe('unknown');
    expect(plain(answer.subject)).toBe('Nothing has arrived for 4 min.');
  });

  test('stages nobody judged are not called healthy', () => {
    const answer = answerOf(overviewOf([withNode('b', { state: 'unknown' })]), NOW);
    expect(answer.rest).toBe('2 stages healthy, 1 without recent data.');
  });
});

test('the consequence looks at the end of the flow only', () => {
  expect(consequence(withNode('b', { freshness: 900 }))).toBe('');
  expect(consequence(withNode('c', { freshness: 30 }))).toBe('');
  expect(plain(consequence(withNode('c', { freshness: 90 })))).toBe('Orders reach c 1 min 30 s late.');
});

test('data that was not live is named as such', () => {
  const origin = { origin: 'generated', pipeline: 'orders', service: 'a', from: 0, to: NOW - 3_600_000 };
  expect(originSentence({ origins: [], now: NOW }, formatClock)).toBeUndefined();
  expect(originSentence({ origins: [origin], now: NOW + 7_200_000 }, () => '14:02')).toBe(
    'History before 14:02 is generated.',
  );
  expect(originSentence({ origins: [{ ...origin, origin: 'replayed', to: NOW }], now: NOW }, formatClock)).toBe(
    'This data is replayed.',
  );
});
