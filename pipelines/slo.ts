import type { DeclaredSlo } from '../core/definition.ts';
import { durationWords } from '../core/duration-words.ts';
import type { Millis } from '../core/time.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A rule of the multi-window method: it fires while the burn rate of both windows is at `burn` or above. */
export interface BurnRule {
  readonly name: 'fast' | 'medium' | 'slow';
  readonly long: Millis;
  readonly short: Millis;
  /** Times the rate that spends the budget in exactly the period. */
  readonly burn: number;
}

/** Of a period of 30 days: Site Reliability Workbook, chapter 5, table 5-8: 2 %, 5 % and 10 % of the budget. */
const RULES: readonly (BurnRule & { readonly share: number })[] = [
  { name: 'fast', long: HOUR_MS, short: HOUR_MS / 12, burn: 14.4, share: 0.02 },
  { name: 'medium', long: 6 * HOUR_MS, short: HOUR_MS / 2, burn: 6, share: 0.05 },
  { name: 'slow', long: 3 * DAY_MS, short: 6 * HOUR_MS, burn: 1, share: 0.1 },
];
const BASE_PERIOD = 30 * DAY_MS;

/**
 * The rules for a period. A rule keeps its share of the budget: its windows grow and shrink with the period, those of the first two rules
 * not below an hour and six hours, where the rate follows: burn = share * period / long window, and never less than 1, which a
 * service that just meets its objective has. No rule asks for more than every event being bad (burn * (1 - objective) <= 1).
 */
export function burnRules(period: Millis, objective: number): readonly BurnRule[] {
  return RULES.map(({ name, long, short, share }) => {
    const least = name === 'slow' ? 12 * HOUR_MS : long;
    const window = roundUp(Math.max((long * period) / BASE_PERIOD, least));
    const burn = Math.max(1, (share * period) / window);
    const shortest = roundUp((window * short) / long);
    return { name, long: window, short: shortest, burn: Math.min(burn, 1 / (1 - objective)) };
  });
}

function roundUp(window: Millis): Millis {
  return Math.ceil(window / 300_000) * 300_000;
}

/** Good and all events of one window; of freshness, ten seconds each. */
export interface WindowCounts {
  readonly good: number;
  readonly total: number;
}

/** The counts of an SLO: by rule the long and the short window in turn, and the period. */
export interface SloCounts {
  readonly windows: readonly WindowCounts[];
  readonly period: WindowCounts;
}

const SLO_STATES = ['met', 'slow_burn', 'fast_burn', 'exhausted', 'no_data'] as const;
export type SloState = (typeof SLO_STATES)[number];

export interface SloVerdict {
  /** Share of the period's error budget that is left: 1 untouched, below 0 overspent; NaN without events. */
  readonly budgetLeft: number;
  /** Burn rates in the order of the counts; NaN without events. */
  readonly burns: readonly number[];
  /** How near the rules that page (fast and medium) and the one that does not (slow) are to firing: 1 and above fires. */
  readonly fast: number;
  readonly slow: number;
  readonly state: SloState;
  /** One sentence for people. */
  readonly reason: string;
}

/**
 * Judges an SLO. burn = (bad / total) / (1 - objective). A rule's nearness is the smaller of its two burn rates over its limit. Where
 * events are few, it stays below 1 until the long window has `minEvents` and so many bad ones that chance would bring
 * them in fewer than 5 of 100 windows if the true rate were just the limit's (Poisson). Freshness counts time, not independent events:
 * there half of the window must have been measured instead.
 */
export function judgeSlo(slo: DeclaredSlo, counts: SloCounts): SloVerdict {
  const rules = burnRules(slo.period, slo.objective);
  const allowed = 1 - slo.objective;
  const burns = counts.windows.map((window) => burnOf(window, allowed));
  const near = rules.map((rule, i) => {
    const [long, short] = [counts.windows[2 * i], counts.windows[2 * i + 1]] as [WindowCounts, WindowCounts];
    const nearness = Math.min(burns[2 * i] as number, burns[2 * i + 1] as number) / rule.burn;
    if (Number.isNaN(nearness)) return long.total === 0 ? Number.NaN : 0;
    const proven =
      slo.indicator === 'freshness'
        ? isMeasured(long, rule.long) && isMeasured(short, rule.short)
        : isProven(long, rule.burn * allowed, slo.minEvents);
    return proven ? nearness : Math.min(nearness, UNPROVEN);
  });
  const [first, second, slow] = near as [number, number, number];
  const fast = largest(first, second);
  const { good, total } = counts.period;
  const budgetLeft = total === 0 ? Number.NaN : 1 - (total - good) / (total * allowed);
  const state: SloState =
    total === 0 ? 'no_data' : fast >= 1 ? 'fast_burn' : budgetLeft <= 0 ? 'exhausted' : slow >= 1 ? 'slow_burn' : 'met';
  return {
    budgetLeft,
    burns,
    fast,
    slow,
    state,
    reason: sentence(slo, state, budgetLeft, burns, rules, first >= 1 ? 0 : 1),
  };
}

/** What a rule without enough events is at most. */
const UNPROVEN = 0.99;

function burnOf({ good, total }: WindowCounts, allowed: number): number {
  return total === 0 ? Number.NaN : (total - good) / total / allowed;
}

function isMeasured({ total }: WindowCounts, window: Millis): boolean {
  return total >= window / 10_000 / 2;
}

function isProven({ good, total }: WindowCounts, rate: number, minEvents: number): boolean {
  const bad = total - good;
  return total >= minEvents && (rate >= 1 || poissonTail(bad, total * rate * CHANCE_MARGIN) < 0.05);
}

/** Bad events are tested against a rate a little below the limit, else a rate just above it would wait for long. */
const CHANCE_MARGIN = 0.9;

/** P(X >= count) of a Poisson variable; beyond a mean of 200 by the normal distribution that it nears. */
export function poissonTail(count: number, mean: number): number {
  if (count <= 0) return 1;
  if (mean > 200) {
    const z = (count - 0.5 - mean) / Math.sqrt(mean);
    return 0.5 * erfc(z / Math.SQRT2);
  }
  let term = Math.exp(-mean);
  let below = term;
  for (let k = 1; k < count; k++) {
    term *= mean / k;
    below += term;
  }
  return Math.max(0, 1 - below);
}

/** Complementary error function; Numerical Recipes, section 6.2, fractional error below 1.2e-7. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const value = t * Math.exp(-x * x + series.reduceRight((sum, coefficient) => sum * t + coefficient, 0));
  return x >= 0 ? value : 2 - value;
}

function largest(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
}

function sentence(
  slo: DeclaredSlo,
  state: SloState,
  left: number,
  burns: readonly number[],
  rules: readonly BurnRule[],
  paging: number,
): string {
  const percent = (share: number) => `${(100 * share).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} %`;
  const budget = `${percent(left)} of the budget of ${durationWords(slo.period / 1000)} left`;
  const burning = (i: number) => {
    const rule = rules[i] as BurnRule;
    return `burns ${(burns[2 * i] as number).toFixed(1)} times the budget's rate over ${durationWords(rule.long / 1000)}`;
  };
  if (state === 'no_data') return 'nothing was counted in the period';
  if (state === 'fast_burn') return `${burning(paging)}, ${budget}`;
  if (state === 'slow_burn') return `${burning(2)}, ${budget}`;
  if (state === 'exhausted') return `the budget of ${durationWords(slo.period / 1000)} is spent`;
  return budget;
}
