import { describe, expect, it } from 'vitest';
import { createFactLedger, type FactLedger } from '../../../../collector/receivers/prometheus/fact-ledger.ts';
import { kafkaFacts } from '../../../../collector/receivers/prometheus/facts.ts';
import { NO_SERIES, track } from '../../../../collector/receivers/prometheus/series.ts';
import { readText } from './exposition-text.ts';

const T0 = 1_800_000_000_000;
const INTERVAL = 10_000;

const page = (end: number, committed: number, more = '') => `
kafka_topic_partition_current_offset{topic="t",partition="0"} ${end}
kafka_consumergroup_current_offset{consumergroup="g",topic="t",partition="0"} ${committed}
kafka_consumergroup_lag{consumergroup="g",topic="t",partition="0"} ${end - committed}
kafka_consumergroup_members{consumergroup="g"} 1
${more}`;

/** What of a target's page is stored, as the last word of the metric and the value. */
function stored(ledger: FactLedger, target: string, second: number, text: string): string[] {
  const time = T0 + second * 1000;
  const facts = ledger.claim(target, INTERVAL, kafkaFacts(readText(text).samples, time), time);
  return track(facts, NO_SERIES, time).points.map(
    ({ point, data }) => `${point.name.split('.').at(-1)} ${data !== undefined && 'value' in data ? data.value : ''}`,
  );
}

describe('two targets that tell of the same partition', () => {
  it('are told by the one that is further, while it is heard of', () => {
    const ledger = createFactLedger();
    expect(stored(ledger, 'a', 0, page(100, 90))).toEqual(['current_offset 100', 'offset 90', 'lag 10', 'members 1']);
    expect(stored(ledger, 'b', 5, page(80, 75))).toEqual(['members 1']);
    expect(stored(ledger, 'b', 15, page(80, 75))).toEqual(['members 1']);
    // The silence of the first one ends its word.
    expect(stored(ledger, 'b', 41, page(85, 80))).toEqual(['current_offset 85', 'offset 80', 'lag 5', 'members 1']);
    expect(stored(ledger, 'a', 50, page(120, 79))).toEqual(['current_offset 120', 'members 1']);
  });

  it('never make a log shrink or a group step back, in turns', () => {
    const ledger = createFactLedger();
    const ends: number[] = [];
    for (let second = 0; second < 600; second += 5) {
      const isFirst = second % 10 === 0;
      // The second of the pair tells what was 30 s ago.
      const seen = isFirst ? second : Math.max(0, second - 30);
      for (const text of stored(ledger, isFirst ? 'a' : 'b', second, page(1000 + seen * 7, 900 + seen * 7))) {
        const [metric, value] = text.split(' ');
        if (metric === 'current_offset') ends.push(Number(value));
      }
    }
    expect(ends.length).toBeGreaterThanOrEqual(60);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  it('may say that a log has begun anew, when it is the one that tells', () => {
    const ledger = createFactLedger();
    stored(ledger, 'a', 0, page(100, 90));
    stored(ledger, 'b', 5, page(100, 90));
    expect(stored(ledger, 'a', 10, page(3, 0))).toEqual(['current_offset 3', 'offset 0', 'lag 3', 'members 1']);
  });

  it('share each partition as it comes, as brokers that lead and follow', () => {
    const ledger = createFactLedger();
    const broker = (p0: number, p1: number) =>
      [p0, p1]
        .map(
          (end, i) =>
            `redpanda_kafka_max_offset{redpanda_namespace="kafka",redpanda_topic="t",redpanda_partition="${i}"} ${end}`,
        )
        .join('\n');
    stored(ledger, 'one', 0, broker(50, 60));
    expect(stored(ledger, 'two', 1, broker(45, 66))).toEqual(['current_offset 66']);
    expect(stored(ledger, 'one', 10, broker(55, 64))).toEqual(['current_offset 55']);
  });

  it('are no two, in two clusters', () => {
    const ledger = createFactLedger();
    const of = (cluster: string, end: number) =>
      `kafka_partition_latest_offset{cluster_name="${cluster}",topic="t",partition="0"} ${end}`;
    stored(ledger, 'a', 0, of('east', 100));
    expect(stored(ledger, 'b', 1, of('west', 5))).toEqual(['current_offset 5']);
  });
});

describe('a fact that is withheld', () => {
  it('goes on as a series: it is not told to have ended', () => {
    const ledger = createFactLedger();
    const facts = (target: string, second: number, text: string) =>
      ledger.claim(target, INTERVAL, kafkaFacts(readText(text).samples, T0 + second * 1000), T0 + second * 1000);
    const first = track(facts('b', 0, page(80, 70)), NO_SERIES, T0);
    facts('a', 5, page(100, 90));
    const second = track(facts('b', 10, page(85, 75)), first.state, T0 + 10_000);
    expect(second.points.map(({ point, data }) => [point.name, data === undefined])).toEqual([
      ['kafka.consumer_group.members', false],
    ]);
    const third = track(facts('b', 20, ''), second.state, T0 + 20_000);
    expect(third.points.every(({ data }) => data === undefined)).toBe(true);
    expect(third.points).toHaveLength(4);
  });
});
