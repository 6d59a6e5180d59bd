import type { Story } from '../lag-world.ts';

const MINUTE = 60;
const HOUR = 3600;
const steady = { produce: 100, consume: 500 };
const every = (seconds: number, length: number, rate: number) => (second: number) =>
  second % seconds < length ? rate : 0;

/** What users have complained of, Burrow's rules, and what else Kafka brings. */
export const STORIES: readonly Story[] = [
  {
    name: 'a group that keeps up is healthy (Burrow: some lag is zero)',
    phases: [{ for: HOUR, ...steady }],
    states: ['healthy'],
  },
  {
    name: 'lag grows while offsets advance (Burrow: warning)',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 20 * MINUTE, consume: 60 },
    ],
    states: ['healthy', 'falling_behind'],
  },
  {
    name: 'offsets do not advance and lag stays (Burrow: stalled)',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 1, consume: 0 },
      { for: MINUTE },
      { for: 20 * MINUTE, produce: 0 },
    ],
    states: ['healthy', 'falling_behind', 'stuck'],
  },
  {
    name: 'no offsets are committed while records come (Burrow: stopped)',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 10 * MINUTE, consume: 0 },
    ],
    states: ['healthy', 'falling_behind', 'stuck'],
  },
  {
    name: 'a topic of one record in seven minutes is not flagged',
    phases: [{ for: 6 * HOUR, produce: 1 / (7 * MINUTE), consume: 10 }],
    states: ['healthy', 'idle', 'healthy'],
  },
  {
    name: 'a topic nobody writes to is idle',
    phases: [
      { for: 5 * MINUTE, ...steady },
      { for: 2 * HOUR, produce: 0 },
    ],
    states: ['healthy', 'idle'],
  },
  {
    name: 'everyone leaves the group: dead, and its lag stays to be seen',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 30 * MINUTE, consume: 0, members: 0, groupState: 'empty' },
    ],
    states: ['healthy', 'falling_behind', 'dead'],
  },
  {
    name: 'a dead group comes back',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 30 * MINUTE, consume: 0, members: 0, groupState: 'empty' },
      { for: 30 * MINUTE, consume: 300, members: 2, groupState: 'stable' },
    ],
    states: ['healthy', 'falling_behind', 'dead', 'catching_up', 'healthy'],
  },
  {
    name: 'retention passes a group that is down, segment by segment',
    phases: [
      { for: 10 * MINUTE, ...steady, retention: 30 * MINUTE },
      { for: 2 * HOUR, consume: 0, members: 0, groupState: 'empty' },
    ],
    states: ['healthy', 'falling_behind', 'dead'],
  },
  {
    name: 'a segment roll takes what was read: nothing changes',
    phases: [{ for: 2 * HOUR, ...steady, retention: 10 * MINUTE }],
    states: ['healthy'],
  },
  {
    name: 'the log is cut off below the commit, and the reader finds its way back',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 2 * MINUTE, truncateTo: 30_000, produce: 0, consume: 0 },
      { for: 30 * MINUTE, ...steady },
    ],
    states: ['healthy', 'rewound', 'healthy'],
  },
  {
    name: 'the topic is made anew',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 2 * MINUTE, recreate: true, consume: 0 },
      { for: 30 * MINUTE, consume: 500 },
    ],
    states: ['healthy', 'rewound', 'healthy'],
  },
  {
    name: 'transactions leave a lag of one behind: nothing waits',
    phases: [
      { for: 10 * MINUTE, ...steady, trailing: 1 },
      { for: HOUR, produce: 0 },
    ],
    states: ['healthy', 'idle'],
  },
  {
    name: 'a rolling restart pages nobody',
    phases: [
      { for: 10 * MINUTE, ...steady },
      ...[1, 2, 3].flatMap(() => [
        { for: 15, consume: 0, groupState: 'preparing_rebalance' },
        { for: 25, consume: 500, groupState: 'stable' },
      ]),
      { for: 30 * MINUTE },
    ],
    states: ['healthy'],
  },
  {
    name: 'a rebalance storm is told apart from a stuck reader',
    phases: [
      { for: 10 * MINUTE, ...steady },
      ...Array.from({ length: 15 }, () => [
        { for: 50, consume: 0, groupState: 'preparing_rebalance' },
        { for: 10, groupState: 'completing_rebalance' },
      ]).flat(),
      { for: 30 * MINUTE, consume: 500, groupState: 'stable' },
    ],
    states: ['healthy', 'rebalancing', 'catching_up', 'healthy'],
  },
  {
    name: 'a storm in which a commit gets through now and then is one still, whoever polls',
    phases: [
      { for: 10 * MINUTE, ...steady },
      ...Array.from({ length: 6 }, () => [
        { for: 10, consume: 20, members: 3 },
        { for: 10, consume: 0, members: 2 },
      ]).flat(),
      { for: 30 * MINUTE, consume: 500, members: 2 },
    ],
    states: ['healthy', 'rebalancing', 'healthy'],
  },
  {
    name: 'members that come and go while the others keep up are no storm',
    phases: [
      { for: 10 * MINUTE, ...steady },
      ...Array.from({ length: 12 }, () => [
        { for: 10, members: 3 },
        { for: 10, members: 2 },
      ]).flat(),
      { for: 10 * MINUTE },
    ],
    states: ['healthy'],
  },
  {
    name: 'a partition that is paused is stuck until it goes on',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 10 * MINUTE, consume: 0 },
      { for: 30 * MINUTE, consume: 500 },
    ],
    states: ['healthy', 'falling_behind', 'stuck', 'catching_up', 'healthy'],
  },
  {
    name: 'an operator sets the offset back',
    phases: [
      { for: 30 * MINUTE, ...steady },
      { for: 30, consume: 0, members: 0, groupState: 'empty', resetTo: 20_000 },
      { for: HOUR, consume: 400, members: 1, groupState: 'stable' },
    ],
    states: ['healthy', 'rewound', 'catching_up', 'healthy'],
  },
  {
    name: 'a batch that runs each hour is known after three runs',
    phases: [{ for: 10 * HOUR, produce: 10, consume: every(HOUR, 3 * MINUTE, 2000) }],
    states: [
      ...(['healthy', 'falling_behind', 'stuck', 'catching_up'] as const),
      ...(['healthy', 'stuck', 'healthy', 'stuck', 'healthy'] as const),
    ],
  },
  {
    name: 'a producer of bursts does not make a reader that works them off flap',
    phases: [{ for: 3 * HOUR, produce: every(5 * MINUTE, 5, 1000), consume: 200 }],
    states: ['healthy'],
  },
  {
    name: 'an engine that commits with its checkpoints is healthy (Flink, each minute)',
    phases: [{ for: 2 * HOUR, produce: 100, consume: 500, commitEvery: MINUTE }],
    states: ['healthy', 'falling_behind', 'healthy'],
  },
  {
    name: 'checkpoints of three minutes: known after three of them',
    phases: [{ for: 3 * HOUR, produce: 100, consume: 500, commitEvery: 3 * MINUTE }],
    states: ['healthy', 'falling_behind', 'stuck', 'falling_behind', 'stuck', 'healthy'],
  },
  {
    name: 'nothing is known while the broker is away',
    phases: [
      { for: 10 * MINUTE, ...steady },
      { for: 10 * MINUTE, silent: true },
      { for: 10 * MINUTE, silent: false },
    ],
    states: ['healthy', 'unknown', 'healthy'],
  },
  {
    name: 'two records a minute and a reader that is down: dead all the same',
    phases: [
      { for: 20 * MINUTE, produce: 1 / 30, consume: 10 },
      { for: 20 * MINUTE, consume: 0, members: 0, groupState: 'empty' },
    ],
    states: ['healthy', 'falling_behind', 'dead'],
  },
];
