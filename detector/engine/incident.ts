/** Score that opens an alarm, where nothing else is wished, and the false alarms per series and week it was seen to make. */
export const THRESHOLD = 2.4;
export const USUAL_FALSE_ALARMS = 0.5;
const LEAST_THRESHOLD = 1.5;

/**
 * The threshold for so many expected false alarms per series and week: 2.4 - log10(wanted / 0.5). Measured on the
 * development series, a threshold 1 higher makes a tenth (docs/detection.md).
 */
export function thresholdFor(falseAlarmsPerWeek: number): number {
  return Math.max(LEAST_THRESHOLD, THRESHOLD - Math.log10(falseAlarmsPerWeek / USUAL_FALSE_ALARMS));
}

/** The other way round: the false alarms per series and week that a threshold stands for. */
export function falseAlarmsOf(threshold: number): number {
  return USUAL_FALSE_ALARMS * 10 ** (THRESHOLD - threshold);
}

/**
 * When scores become incidents. One alert per incident, fewer from series that alarm often:
 *
 *   limit   = threshold + max(shift, 0.3 fatigue)   fatigue: +1 with each incident, forgotten with a memory of 2,000 points;
 *                                                   shift: what the ordinary peaks of the series ask for, see `calibration.ts`
 *   strange   a point whose score reaches the limit
 *   onset     a strange point more than 120 points after the last onset, or 2 over the score of the last onset
 *   alarm     a strange point and the 15 points after it
 *
 * What goes on within the 120 points is the same incident: it is shown as an alarm, and nobody is told again.
 */
export interface Incidents {
  /** Decides on a score; NaN is a gap. `shift`: by how much the threshold is raised for this series, in any case. */
  decide(series: number, score: number, threshold: number, shift?: number): Standing;
  readonly state: readonly [Float32Array, Uint16Array, Uint16Array, Float32Array];
}

/** Where a series stands. Used again for the next point. */
export interface Standing {
  onset: boolean;
  alarm: boolean;
  /** Score that the point had to reach. */
  limit: number;
  /** The score as it is held: see `HELD_POINTS`. */
  held: number;
}

const FATIGUE = 0.3;
const FATIGUE_KEPT = 1 - 1 / 2000;
const REFRACTORY_POINTS = 120;
const ESCALATION = 2;
const ALARM_POINTS = 15;
const LONG_AGO = 65_535;

/**
 * A score stays for 2 points and then fades over 40, for measures and eyes that look at the neighbourhood of an
 * anomaly rather than at its first point.
 */
const HELD_POINTS = 2;
const FADING_POINTS = 40;

export function createIncidents(series: number): Incidents {
  const fatigue = new Float32Array(series);
  const sinceOnset = new Uint16Array(series).fill(LONG_AGO);
  const sinceStrange = new Uint16Array(series).fill(LONG_AGO);
  /** Of each series: score of the last onset, score held, points that it is held for. */
  const scores = new Float32Array(3 * series);
  const standing: Standing = { onset: false, alarm: false, limit: 0, held: 0 };

  function hold(at: number, score: number): number {
    const age = (scores[at + 2] as number) + 1;
    const share = Math.min(1, Math.max(0, 1 - (age - HELD_POINTS) / FADING_POINTS));
    const held = (scores[at + 1] as number) * share;
    if (score < held) {
      scores[at + 2] = age;
      return held;
    }
    scores[at + 1] = Math.max(0, score);
    scores[at + 2] = 0;
    return Math.max(0, score);
  }

  return {
    decide(i, score, threshold, shift = 0) {
      const worst = 3 * i;
      sinceOnset[i] = Math.min(LONG_AGO, (sinceOnset[i] as number) + 1);
      sinceStrange[i] = Math.min(LONG_AGO, (sinceStrange[i] as number) + 1);
      fatigue[i] = (fatigue[i] as number) * FATIGUE_KEPT;
      const limit = threshold + Math.max(shift, FATIGUE * (fatigue[i] as number));
      standing.limit = limit;
      standing.onset = false;
      if (score >= limit) {
        sinceStrange[i] = 0;
        const fresh = (sinceOnset[i] as number) > REFRACTORY_POINTS;
        if (fresh || score > (scores[worst] as number) + ESCALATION) {
          standing.onset = true;
          sinceOnset[i] = 0;
          scores[worst] = score;
          if (fresh) fatigue[i] = (fatigue[i] as number) + 1;
        }
      }
      standing.alarm = (sinceStrange[i] as number) <= ALARM_POINTS;
      standing.held = hold(worst, Number.isNaN(score) ? 0 : score);
      return standing;
    },
    state: [fatigue, sinceOnset, sinceStrange, scores],
  };
}
