import type { World } from './simulation.ts';

const DAY = 8640;
const always = (ratio: number) => () => ratio;
/** Seven to thirteen in twenty... a filter whose share follows the hour, the same every day. */
const hourly = (step: number) =>
  0.3 + 0.1 * Math.sin((2 * Math.PI * step) / DAY) + 0.03 * Math.sin((2 * Math.PI * step) / 1440);

/** Named worlds for a rate, in records per second. */
export const SCENARIOS: Readonly<Record<string, (rate: number) => World>> = {
  'pass through': (rate) => ({ rate, ratio: always(1), exact: true, daily: true }),
  'filter, 30 %': (rate) => ({ rate, ratio: always(0.3), daily: true }),
  'one to three': (rate) => ({ rate, ratio: always(3), daily: true }),
  bursts: (rate) => ({ rate, ratio: always(1), exact: true, daily: true, bursts: 12 }),
  'late records': (rate) => ({ rate, ratio: always(1), exact: true, daily: true, late: 0.0005 }),
  'crashes and rebalances': (rate) => ({ rate, ratio: always(1), exact: true, daily: true, crashes: 4, rebalances: 6 }),
  'one program': (rate) => ({
    ...{ rate, ratio: always(1), exact: true, daily: true, bursts: 12, crashes: 4, rebalances: 6 },
    together: { inHand: 8 },
  }),
  'ratio by the hour': (rate) => ({ rate, ratio: hourly, daily: true }),
  everything: (rate) => ({
    ...{ rate, ratio: hourly, daily: true, bursts: 12, late: 0.0005, crashes: 4, rebalances: 6 },
  }),
};
