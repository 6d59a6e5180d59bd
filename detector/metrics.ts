import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the detector counts of itself. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ticks: new Counter({
      name: 'weir_detector_ticks_total',
      help: 'Ticks by result: judged, waiting (the step is not closed or telemetry is late), blind, failed.',
      labelNames: ['result'] as const,
      registers,
    }),
    lastTick: new Gauge({
      name: 'weir_detector_last_tick_timestamp_seconds',
      help: 'Time of the last tick: the heartbeat.',
      registers,
    }),
    tickSeconds: new Histogram({
      name: 'weir_detector_tick_seconds',
      help: 'Duration of a tick, queries and sending included.',
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    }),
    series: new Gauge({
      name: 'weir_detector_series',
      help: 'Watched series by state: ready, loading (their history is being read).',
      labelNames: ['state'] as const,
      registers,
    }),
    points: new Counter({
      name: 'weir_detector_points_total',
      help: 'Points by what became of them: judged, learned (history), gap, skipped (no telemetry at all, or too old).',
      labelNames: ['result'] as const,
      registers,
    }),
    valuesRefused: new Counter({
      name: 'weir_detector_values_refused_total',
      help: 'Values that cannot be of their signal, neither judged nor learnt, by signal and reason: infinite, below_range, above_range.',
      labelNames: ['signal', 'reason'] as const,
      registers,
    }),
    stageSignalsRefused: new Counter({
      name: 'weir_detector_stage_signals_refused_total',
      help: 'Values of signals that found no place among those of their stage that are judged together.',
      registers,
    }),
    firing: new Gauge({ name: 'weir_detector_alerts_firing', help: 'Alerts that are firing.', registers }),
    transitions: new Counter({
      name: 'weir_detector_transitions_total',
      help: 'Changes of an alert, by detector: pending, fired, resolved, dropped.',
      labelNames: ['detector', 'transition'] as const,
      registers,
    }),
    alerts: new Counter({
      name: 'weir_detector_alerts_sent_total',
      help: 'Alerts posted, by result: sent, failed (they are sent again with the next round).',
      labelNames: ['result'] as const,
      registers,
    }),
    rows: new Counter({
      name: 'weir_detector_rows_total',
      help: 'Rows for the store, by table and result: stored, dropped (the store was away for too long).',
      labelNames: ['table', 'result'] as const,
      registers,
    }),
    late: new Gauge({
      name: 'weir_detector_telemetry_age_seconds',
      help: 'Age of the newest telemetry at the last tick.',
      registers,
    }),
    feedbackReads: new Counter({
      name: 'weir_detector_feedback_reads_total',
      help: 'Readings of what people say of alerts, by result: read, failed (what was known holds).',
      labelNames: ['result'] as const,
      registers,
    }),
    feedbackSeries: new Gauge({
      name: 'weir_detector_feedback_series',
      help: 'Pairs of a series and a detector that people have judged.',
      registers,
    }),
    heldPoints: new Counter({
      name: 'weir_detector_feedback_held_points_total',
      help: 'Points that would have been strange without feedback, by detector and by what holds: noise, expected.',
      labelNames: ['detector', 'verdict'] as const,
      registers,
    }),
    weekAlerts: new Gauge({
      name: 'weir_detector_week_alerts',
      help: 'Alerts of the last seven days, by detector.',
      labelNames: ['detector'] as const,
      registers,
    }),
    weekVerdicts: new Gauge({
      name: 'weir_detector_week_verdicts',
      help: 'Alerts of the last seven days that people have judged, by detector and verdict: useful, noise, expected.',
      labelNames: ['detector', 'verdict'] as const,
      registers,
    }),
    quietAlarms: new Gauge({
      name: 'weir_detector_quiet_week_alerts_per_series',
      help: 'Alerts of the last seven days for each watched series that fired in no trouble which people confirmed, by detector.',
      labelNames: ['detector'] as const,
      registers,
    }),
    configuredAlarms: new Gauge({
      name: 'weir_detector_configured_false_alarms',
      help: 'False alarms per series and week that the threshold of a detector stands for.',
      labelNames: ['detector'] as const,
      registers,
    }),
    rungSeries: new Gauge({
      name: 'weir_detector_rung_series',
      help: 'Series by how far they have come: learning, zero_shot, baseline, season, full.',
      labelNames: ['rung'] as const,
      registers,
    }),
    forecastLoss: new Gauge({
      name: 'weir_detector_forecast_loss_ratio',
      help: 'Loss of the forecasts five steps ahead over that of the last value, the last hours, by signal; absent while unknown.',
      labelNames: ['signal'] as const,
      registers,
    }),
    forecastCoverage: new Gauge({
      name: 'weir_detector_forecast_coverage_ratio',
      help: 'Share of the values within the 90 % band forecast five steps before, the last hours, by signal; absent while unknown.',
      labelNames: ['signal'] as const,
      registers,
    }),
    fineTunes: new Counter({
      name: 'weir_detector_fine_tunes_total',
      help: 'Nights in which the network was to learn from the store, by result; only adopted changes the network in use.',
      labelNames: ['result'] as const,
      registers,
    }),
    fineTuneLoss: new Gauge({
      name: 'weir_detector_fine_tune_loss',
      help: 'Losses of the last night on what was kept aside, by network (champion, challenger) and data (real, made).',
      labelNames: ['network', 'data'] as const,
      registers,
    }),
    fineTuneSeconds: new Gauge({
      name: 'weir_detector_fine_tune_seconds',
      help: 'How long the last night took, reading and training.',
      registers,
    }),
    weekAlertsPerSeries: new Gauge({
      name: 'weir_detector_week_alerts_per_series',
      help: 'Alerts of the last seven days for each watched series, by detector.',
      labelNames: ['detector'] as const,
      registers,
    }),
    limitBrier: new Gauge({
      name: 'weir_detector_limit_brier_score',
      help: 'Mean squared distance of stated chances of crossing a limit to what happened (0 is perfect), by kind of limit and time ahead.',
      labelNames: ['kind', 'ahead'] as const,
      registers,
    }),
    limitChances: new Gauge({
      name: 'weir_detector_limit_chances',
      help: 'Chances of crossing a limit whose time is over, by kind of limit, time ahead, and the tenth that was stated (0.9: 0.9 to 1).',
      labelNames: ['kind', 'ahead', 'stated'] as const,
      registers,
    }),
    limitCrossed: new Gauge({
      name: 'weir_detector_limit_crossed_ratio',
      help: 'Share of those chances after which the limit was crossed.',
      labelNames: ['kind', 'ahead', 'stated'] as const,
      registers,
    }),
    limitWarnings: new Gauge({
      name: 'weir_detector_limit_warnings',
      help: 'Warnings ahead of limits that are over, by kind of limit and result: crossed, not_crossed.',
      labelNames: ['kind', 'result'] as const,
      registers,
    }),
    limitLead: new Gauge({
      name: 'weir_detector_limit_lead_seconds',
      help: 'Mean time from a warning to the crossing of its limit; absent while none was crossed.',
      labelNames: ['kind'] as const,
      registers,
    }),
    limitCrossings: new Gauge({
      name: 'weir_detector_limit_crossings',
      help: 'Crossings of limits, by kind of limit and result: announced, not_announced.',
      labelNames: ['kind', 'result'] as const,
      registers,
    }),
    precision: new Gauge({
      name: 'weir_detector_precision_ratio',
      help: 'Share called useful of the alerts of the last seven days that people have judged; absent while none is.',
      labelNames: ['detector'] as const,
      registers,
    }),
  };
}

export type DetectorMetrics = ReturnType<typeof createMetrics>;
