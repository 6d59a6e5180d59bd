import type { Severity } from './alert.ts';
import type { ExpectedWindow, FeedbackVerdict } from './feedback.ts';
import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';
import type { Known } from './view.ts';

/** What one person says of an anomaly. */
export interface OpinionView {
  readonly by: string;
  readonly verdict: FeedbackVerdict;
  readonly note: string;
  readonly time: Millis;
}

/** What people say of one anomaly, and what that changes for the alerts that follow. */
export interface FeedbackView {
  /** Those that stand, newest first. */
  readonly opinions: readonly OpinionView[];
  /** The verdict that counts; empty while nobody has said anything. */
  readonly counts: FeedbackVerdict | '';
  /** Whether a threshold decided the alert; feedback moves neither plain limits nor what makes a stop. */
  readonly movable: boolean;
  /** Score that the series must reach now for this detector: as configured, and in force after all that was said of it; null once the anomaly's own row is gone. */
  readonly configured: Known;
  readonly threshold: Known;
  /** When and up to where it counts as ordinary; null unless `expected` counts and can hold. */
  readonly window: ExpectedWindow | null;
}

/** An anomaly somebody has judged, in a list. */
export interface JudgedView {
  readonly anomalyId: string;
  readonly detector: string;
  readonly labels: Labels;
  readonly onset: Millis;
  readonly counts: FeedbackVerdict;
  readonly opinions: readonly OpinionView[];
  readonly window: ExpectedWindow | null;
}

export interface FeedbackListView {
  readonly now: Millis;
  /** Judged last in front. */
  readonly judged: readonly JudgedView[];
}

/** What a detector raised in the last seven days, and what people said of it. */
export interface DetectorRecordView {
  readonly detector: string;
  readonly signal: string;
  readonly severity: Severity | '';
  /** Series it watches now; null when it is not at work. */
  readonly series: Known;
  readonly alerts: number;
  readonly useful: number;
  readonly noise: number;
  readonly expected: number;
  /** Share called useful of those judged; null while none is. */
  readonly precision: Known;
  /** Alerts per watched series and week; null when it is not at work. */
  readonly perSeriesWeek: Known;
  /** Those that fired in no trouble which people confirmed, and the same per watched series and week. */
  readonly quiet: number;
  readonly quietPerSeriesWeek: Known;
  /** False alarms per series and week that its threshold stands for; null when it is not at work, as all below. */
  readonly falseAlarms: Known;
  /** Series on each rung (core/rung.ts); empty when it is not at work, and where rules alone watch. */
  readonly rungs: Readonly<Record<string, number>>;
  /** Loss of the forecasts of its signal over that of the last value, and share within the 90 % band; null while unknown. */
  readonly forecastLoss: Known;
  readonly forecastCoverage: Known;
}

/** What warnings ahead of one kind of limit were worth, and the chances of one window ahead they came from. */
export interface LimitForecastView {
  readonly kind: string;
  /** Seconds ahead. */
  readonly window: number;
  /** When the detector last told of it. */
  readonly time: Millis;
  readonly series: number;
  /** Mean squared distance of the chances to what happened; null while none is known. */
  readonly brier: Known;
  /** By tenths of chance: how many were stated, their mean, and the share after which the limit was crossed; null of none. */
  readonly counts: readonly number[];
  readonly stated: readonly Known[];
  readonly happened: readonly Known[];
  /** Warnings that are over, those that came true, and the mean seconds from these to the crossing. */
  readonly announced: number;
  readonly kept: number;
  readonly lead: Known;
  readonly crossings: number;
  readonly foreseen: number;
}

export interface DetectorsView {
  readonly now: Millis;
  /** Most alerts in front. */
  readonly detectors: readonly DetectorRecordView[];
  /** By kind of limit, the shorter window first; empty while no series has a limit. */
  readonly limits: readonly LimitForecastView[];
}
