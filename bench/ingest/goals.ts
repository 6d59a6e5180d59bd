/** What is to be reached, and what would be better still. `better` says which way is up. */
export const GOALS = {
  sustained: {
    what: 'durable and visible, unique traces, rollups, merges paid',
    unit: 'spans/s',
    reach: 200e3,
    stretch: 500e3,
    better: 'more',
  },
  burst: { what: 'burst of 60 s, the same', unit: 'spans/s', reach: 400e3, stretch: 600e3, better: 'more' },
  spool: {
    what: 'receive, decode and fsynced spool alone, per core',
    unit: 'spans/s',
    reach: 700e3,
    stretch: 1e6,
    better: 'more',
  },
  metrics: { what: 'metric points, mixed kinds', unit: 'points/s', reach: 1e6, stretch: 2e6, better: 'more' },
  logs: { what: 'log records of 300 bytes', unit: 'records/s', reach: 400e3, stretch: 700e3, better: 'more' },
  ack_p99: { what: 'acknowledgement p99 at half load', unit: 'ms', reach: 25, stretch: 10, better: 'less' },
  visible_p99: {
    what: 'event visible in a query, p99 at half load',
    unit: 'ms',
    reach: 1000,
    stretch: 500,
    better: 'less',
  },
  resident: {
    what: 'peak resident memory at full load, engine included',
    unit: 'GB',
    reach: 3,
    stretch: 1.5,
    better: 'less',
  },
  bytes_per_span: {
    what: 'bytes on disk for a span of 700 bytes, merged',
    unit: 'B',
    reach: 70,
    stretch: 50,
    better: 'less',
  },
  dashboards: {
    what: 'dashboards from rollups, 24 h of 1,000 series',
    unit: 'ms',
    reach: 50,
    stretch: 20,
    better: 'less',
  },
  trace_cold: { what: 'trace by id, cold', unit: 'ms', reach: 150, stretch: undefined, better: 'less' },
  trace_warm: { what: 'trace by id, warm', unit: 'ms', reach: 30, stretch: undefined, better: 'less' },
} as const;
export type GoalName = keyof typeof GOALS;

/** What a scenario measured: numbers with a goal, numbers beside them, and everything as it was read. */
export interface Outcome {
  readonly scenario: string;
  readonly goals: Partial<Readonly<Record<GoalName, number>>>;
  readonly numbers: Readonly<Record<string, number | string>>;
  readonly detail?: unknown;
}

/** How a value stands to a goal: above 1 is better than the goal, whichever way the goal looks. */
export function ratio(name: GoalName, value: number, goal: number): number {
  return GOALS[name].better === 'more' ? value / goal : goal / value;
}
