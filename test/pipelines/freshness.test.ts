import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeKind } from '../../core/node.ts';
import { type FreshnessMemory, type FreshPart, REMEMBERED_MS, spreadFreshness } from '../../pipelines/freshness.ts';
import type { InputEvidence, StageEvidence } from '../../pipelines/freshness-stage.ts';

const START = 1_800_000_000_000;
const S = 10_000;
const LIMITS = { idleAfter: 60_000, lateAfter: 90_000, allowedLag: 1 };
const _ = Number.NaN;

const input = (given: Partial<InputEvidence>): InputEvidence => ({
  ...{ id: '', waiting: _, waitingSeconds: _, wasMeasured: false, rate: 0, writtenAt: 0 },
  ...given,
});
const evidence = (given: Partial<StageEvidence>): StageEvidence => ({
  ...{ inputs: [], events: [], watermarks: [], handledAt: 0 },
  ...given,
});
const part = (id: string, inputs: readonly string[] = [], given?: Partial<StageEvidence>): FreshPart => {
  const [kind, node] = id.split(':') as [NodeKind, string];
  return { pipeline: 'orders', kind, node, inputs, ...(given === undefined ? {} : { evidence: evidence(given) }) };
};

/** Runs rounds of a world; `world` gets the time of a round. Answers the age (and what limits) of a part, round by round. */
function run(rounds: number, world: (at: number, i: number) => FreshPart[]) {
  let memory: FreshnessMemory = new Map();
  return Array.from({ length: rounds }, (_item, i) => {
    const at = START + i * S;
    const spread = spreadFreshness(world(at, i), memory, at, LIMITS);
    memory = spread.memory;
    return new Map(spread.statuses.map((status) => [`${status.kind}:${status.node}`, status]));
  });
}
const age = (round: ReturnType<typeof run>[number] | undefined, id: string) => round?.get(id)?.age;

/** gateway > orders > billing > bills > sink > sales. */
const chain = (
  billing: Partial<InputEvidence>,
  sink: Partial<InputEvidence>,
  source: Partial<StageEvidence>,
  at: number,
) => [
  part('service:gateway', [], { handledAt: at - 5000, ...source }),
  part('topic:orders', ['service:gateway']),
  part('service:billing', ['topic:orders'], { inputs: [input(billing)], handledAt: at - 5000 }),
  part('topic:bills', ['service:billing']),
  part('service:sink', ['topic:bills'], { inputs: [input(sink)], handledAt: at - 5000 }),
  part('dataset:sales', ['service:sink']),
];

describe('along the graph', () => {
  test('a dataset is as complete as what feeds it was when it was taken', () => {
    // The source is 5 s late, billing has 20 s waiting, the sink 30 s: what is in the dataset is 55 s old.
    const late = { events: [] as StageEvidence['events'] };
    const rounds = run(20, (at) => {
      late.events = [{ furthest: at - 5000, reachedAt: at, sampledAt: at, beats: true }];
      return chain({ waiting: 9, waitingSeconds: 20 }, { waiting: 9, waitingSeconds: 30 }, late, at);
    });
    const last = rounds.at(-1);
    expect(age(last, 'service:gateway')).toBe(5);
    expect(age(last, 'topic:orders')).toBe(5);
    expect(age(last, 'service:billing')).toBe(25);
    expect(age(last, 'service:sink')).toBe(55);
    expect(age(last, 'dataset:sales')).toBe(55);
    expect(last?.get('dataset:sales')).toMatchObject({ ownAge: 0, limitedBy: 'service:sink', state: 'behind' });
    expect(last?.get('service:sink')).toMatchObject({ ownAge: 30, reason: '9 records waiting' });
  });

  test('the least complete of several inputs counts, and is named', () => {
    const rounds = run(10, (at) => [
      part('topic:a'),
      part('topic:b', ['job:slow']),
      part('job:slow', [], {
        watermarks: [{ furthest: START - 100_000, reachedAt: START, sampledAt: at, beats: true }],
      }),
      part('service:join', ['topic:a', 'topic:b'], {
        inputs: [input({ waiting: 0 }), input({ waiting: 0 })],
        handledAt: at,
      }),
      part('dataset:joined', ['service:join']),
    ]);
    expect(age(rounds.at(-1), 'topic:a')).toBe(0);
    expect(rounds.at(-1)?.get('dataset:joined')).toMatchObject({
      age: 190,
      limitedBy: 'job:slow',
      reason: 'waits for slow: its watermark is 3 min 10 s old',
    });
  });

  test('a retry topic does not hold its own stage back for ever', () => {
    const rounds = run(10, (at) => [
      part('topic:orders'),
      part('topic:retry', ['service:billing']),
      part('service:billing', ['topic:orders', 'topic:retry'], {
        inputs: [input({ waiting: 0 }), input({ waiting: 4, waitingSeconds: 12 })],
        handledAt: at,
      }),
    ]);
    expect(age(rounds.at(-1), 'service:billing')).toBe(12);
  });
});

describe('stories', () => {
  test('an idle source does not look stale, a stage that stalls does, and it recovers', () => {
    const told = run(100, (at, i) => {
      const stalled = i >= 40 && i < 60;
      const handledAt = i < 20 ? at : START + 190_000;
      const source = {
        handledAt,
        events: [{ furthest: handledAt - 1000, reachedAt: handledAt, sampledAt: at, beats: true }],
      };
      // Traffic comes back at 40, and billing does not take it before 60.
      const waiting = stalled ? { waiting: 50 * (i - 39), waitingSeconds: (i - 39) * 10 } : { waiting: 0 };
      const parts = chain(waiting, { waiting: 0 }, i < 40 ? source : {}, at);
      return stalled
        ? parts.map((one) =>
            one.node === 'billing'
              ? part('service:billing', ['topic:orders'], { inputs: [input(waiting)], handledAt: START + 390_000 })
              : one,
          )
        : parts;
    }).map((round) => [age(round, 'dataset:sales') as number, round.get('service:billing')?.state] as const);
    for (const [seconds] of told.slice(0, 40)) expect(seconds).toBeLessThanOrEqual(2);
    expect(told[59]?.[0]).toBeGreaterThanOrEqual(199);
    expect(told[55]?.[1]).toBe('stalled');
    expect(told[62]?.[0]).toBeLessThanOrEqual(2);
  });

  test('a stalled source with a heartbeat grows stale, one whose heartbeat goes on does not', () => {
    const beat = (stops: number) => (at: number, i: number) => {
      const furthest = START + Math.min(i, stops) * S - 1000;
      return chain(
        { waiting: 0 },
        { waiting: 0 },
        { handledAt: START, watermarks: [{ furthest, reachedAt: furthest, sampledAt: at, beats: true }] },
        at,
      );
    };
    expect(age(run(50, beat(99)).at(-1), 'dataset:sales')).toBe(1);
    const stale = run(50, beat(10)).at(-1)?.get('dataset:sales');
    expect(stale).toMatchObject({ age: 391, limitedBy: 'service:gateway' });
  });

  test('a backfill of old events and a rewound group take nothing back', () => {
    const told = run(40, (at, i) => {
      const backfills = i >= 10 && i < 30;
      // The furthest event time does not move while only old events come; the group was set back by a day.
      const furthest = START + Math.min(i, 9) * S;
      const events = [
        { furthest: backfills ? furthest : at, reachedAt: backfills ? furthest : at, sampledAt: at, beats: true },
      ];
      const waiting = backfills ? { waiting: 1e6, waitingSeconds: 86_400 - i * 1000 } : { waiting: 0 };
      return [
        part('topic:orders'),
        part('service:billing', ['topic:orders'], { inputs: [input(waiting)], events, handledAt: at }),
      ];
    }).map((round) => round.get('service:billing')?.completeTo as number);
    expect(told[29]).toBe(START + 9 * S);
    expect(told[30]).toBe(START + 30 * S);
  });

  test('what is no longer measured, or never did anything, is not called complete', () => {
    const told = run(20, (at, i) => {
      const measure = i < 10 ? { waiting: 0 } : { wasMeasured: true };
      return [
        part('topic:orders'),
        part('service:billing', ['topic:orders'], { inputs: [input(measure)], handledAt: at }),
      ];
    });
    expect(age(told[9], 'service:billing')).toBe(0);
    expect(told[19]?.get('service:billing')).toMatchObject({ age: 100, state: 'unknown' });
    const never = run(3, () => [
      part('topic:t'),
      part('service:dead', ['topic:t'], { inputs: [input({ waiting: 9 })] }),
    ]);
    expect(age(never.at(-1), 'service:dead')).toBeNaN();
  });

  test('a restart goes on from what was reached', () => {
    const world = [
      part('topic:orders'),
      part('service:billing', ['topic:orders'], { inputs: [input({ waiting: 7 })], handledAt: 0 }),
    ];
    const memory: FreshnessMemory = new Map([
      [JSON.stringify(['orders', 'service:billing']), { at: [START - S], completeTo: [START - 60_000] }],
    ]);
    const { statuses } = spreadFreshness(world, memory, START, LIMITS);
    expect(statuses[1]).toMatchObject({ age: 60, state: 'stalled' });
  });
});

test('rounds are remembered for an hour, and a longer lag looks up the oldest', () => {
  let memory: FreshnessMemory = new Map();
  const rounds = REMEMBERED_MS / S + 50;
  for (let i = 0; i < rounds; i++) {
    const at = START + i * S;
    const source = part('job:source', [], {
      watermarks: [{ furthest: at - 7000, reachedAt: at, sampledAt: at, beats: true }],
    });
    const parts = [
      source,
      part('topic:t', ['job:source']),
      part('service:s', ['topic:t'], { inputs: [input({ waiting: 5, waitingSeconds: 7200 })] }),
    ];
    memory = spreadFreshness(parts, memory, at, LIMITS).memory;
  }
  const past = memory.get(JSON.stringify(['orders', 'topic:t']));
  expect(past?.at).toHaveLength(REMEMBERED_MS / S);
});

test('whatever the graph and the evidence, ages are never negative and what was reached is never taken back', () => {
  const number = fc.oneof(fc.constant(_), fc.double({ min: 0, max: 1e6, noNaN: true }));
  const stage = fc.record({
    waiting: number,
    waitingSeconds: number,
    rate: fc.double({ min: 0, max: 100, noNaN: true }),
    wasMeasured: fc.boolean(),
  });
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
  fc.assert(
    fc.property(
      edges,
      fc.array(fc.array(stage, { minLength: 6, maxLength: 6 }), { minLength: 2, maxLength: 6 }),
      (links, story) => {
        const rounds = run(story.length, (at, i) => {
          const stages = (story[i] as readonly Partial<InputEvidence>[]).map((given, n) => {
            const inputs = links.filter(([, to]) => to === n).map(([from]) => `topic:${from}`);
            return part(`service:${n}`, inputs, { inputs: inputs.map(() => input(given)), handledAt: at });
          });
          const topics = Array.from({ length: 6 }, (_item, n) => part(`topic:${n}`, [`service:${n}`]));
          return [...stages, ...topics];
        });
        rounds.forEach((round, i) => {
          for (const [id, status] of round) {
            expect(status.age >= 0 || Number.isNaN(status.age)).toBe(true);
            const before = rounds[i - 1]?.get(id)?.completeTo ?? _;
            if (!Number.isNaN(before)) expect(status.completeTo).toBeGreaterThanOrEqual(before);
            expect(status.completeTo <= START + i * S || Number.isNaN(status.completeTo)).toBe(true);
          }
        });
      },
    ),
    { numRuns: 200 },
  );
});
