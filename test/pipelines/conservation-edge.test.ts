import { describe, expect, test } from 'vitest';
import { SCENARIOS } from '../../bench/conservation/scenarios.ts';
import { simulate, type World } from '../../bench/conservation/simulation.ts';

/** The states that a simulated edge went through, with the step each began at, and the last verdict. */
function story(world: World, steps: number, seed = 5) {
  const states: [state: string, step: number][] = [];
  let last: Parameters<Parameters<typeof simulate>[3]>[0] | undefined;
  simulate(world, seed, steps, (told) => {
    if (states.at(-1)?.[0] !== told.verdict.state) states.push([told.verdict.state, told.step]);
    last = told;
    return false;
  });
  return { states, names: states.map(([state]) => state), last: last?.verdict };
}
const world = (name: string, rate: number) => (SCENARIOS[name] as (rate: number) => World)(rate);
const HOUR = 360;

describe('an edge', () => {
  test('learns, is conserved, and says what it would notice', () => {
    const { names, states, last } = story(world('pass through', 100), 4 * HOUR);
    expect(names).toEqual(['learning', 'conserved']);
    // Within half an hour.
    expect(states[1]?.[1]).toBeLessThan(180);
    expect(last?.detectable).toBeLessThan(0.001);
    expect(last?.delay1).toBeLessThan(120);
    expect(last?.reason).toMatch(/^of [\d,]+ records [\d,]+ arrived in \d+\u202fmin, [\d,]+ were expected$/);
  });

  test.each([
    [0.01, 20],
    [0.001, 60],
  ])('notices that %d of its records go missing, and how many', (share, steps) => {
    const from = 6 * HOUR;
    const { states, last } = story({ ...world('pass through', 200), drop: { from, share } }, from + 2 * steps);
    expect(states.map(([state]) => state)).toEqual(['learning', 'conserved', 'dropping']);
    expect((states.at(-1) as [string, number])[1] - from).toBeLessThan(steps);
    expect(last?.missing).toBeGreaterThan(0.4 * share);
    expect(last?.missing).toBeLessThan(1.6 * share);
    expect(last?.reason).toMatch(/% are missing$/);
  });

  test('within one program shows what it drops earlier, and not what it has in hand', () => {
    const from = 6 * HOUR;
    const delay = (more: Partial<World>) => {
      const { states } = story({ ...world('pass through', 30), drop: { from, share: 0.05 }, ...more }, from + 60);
      expect(states.map(([state]) => state)).toEqual(['learning', 'conserved', 'dropping']);
      return (states.at(-1) as [string, number])[1] - from;
    };
    expect(delay({ together: { inHand: 4 } })).toBeLessThan(delay({}));
    const steady = { ...world('pass through', 30), together: { inHand: 20 } };
    expect(story(steady, 12 * HOUR).names).toEqual(['learning', 'conserved']);
    expect(story({ ...steady, bursts: 60, crashes: 24 }, 12 * HOUR).names).not.toContain('dropping');
  });

  test.each([
    [0.3, 60],
    [0.035, 12],
  ])('is over soon after %d of the records went missing for %d windows, and stays so', (share, windows) => {
    const from = 6 * HOUR;
    const until = from + windows;
    const few = { ...world('pass through', 30), ratio: () => 0.95, exact: false };
    const { states } = story({ ...few, drop: { from, until, share } }, until + 4 * HOUR);
    expect(states.map(([state]) => state)).toEqual(['learning', 'conserved', 'dropping', 'conserved']);
    expect((states.at(-1) as [string, number])[1] - until).toBeLessThan(15);
  });

  test('is not alarmed by bursts and the backlog they leave, nor by crashes and rebalances', () => {
    for (const name of ['bursts', 'crashes and rebalances', 'late records'])
      expect(story({ ...world(name, 50), bursts: name === 'bursts' ? 60 : 0 }, 12 * HOUR).names, name).not.toContain(
        'dropping',
      );
  });

  test('that has lost records for six hours takes it for how things are', () => {
    const from = 3 * HOUR;
    const { states } = story({ ...world('pass through', 20), drop: { from, share: 0.3 } }, from + 8 * HOUR);
    const names = states.map(([state]) => state);
    expect(names.slice(0, 3)).toEqual(['learning', 'conserved', 'dropping']);
    expect(names.at(-1)).toBe('conserved');
    expect((states.at(-1)?.[1] as number) - from).toBeGreaterThan(5.5 * HOUR);
  });

  test('over which all is lost is stopped, once nothing can be on its way any more', () => {
    const from = 2 * HOUR;
    const { states, last } = story({ ...world('pass through', 20), drop: { from, share: 1 } }, from + 120);
    expect(states.map(([state]) => state)).toContain('stopped');
    const [, at] = states.find(([state]) => state === 'stopped') as [string, number];
    expect(at - from).toBeGreaterThanOrEqual(59);
    expect(last).toMatchObject({ missing: 1, reached: 0 });
  });

  test('without records is idle', () => {
    expect(story({ rate: 0, ratio: () => 1 }, 10).names).toEqual(['idle']);
  });
});
