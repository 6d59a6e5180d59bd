import { Counter, Gauge, type Registry } from 'prom-client';
import { ALERT_STATES, type AlertState } from '../core/alert.ts';
import { INCIDENT_STATES, type IncidentState } from '../core/incident.ts';

export interface AlertingGauges {
  readonly alertStates: () => readonly AlertState[];
  readonly incidentStates: () => readonly IncidentState[];
  readonly groups: () => number;
  readonly waiting: () => number;
  readonly outbox: () => number;
}

/** The room's own metrics. Gauges are read when `/metrics` is, so they are taken back with `unregister` at the end. */
export function createAlertingMetrics(registry: Registry, gauges: AlertingGauges) {
  const registers = [registry];
  const before = new Set(registry.getMetricsAsArray().map((metric) => metric.name));
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: 'weir_alerting_alerts',
    help: 'Alerts by state',
    labelNames: ['state'],
    registers,
    collect() {
      const states = gauges.alertStates();
      for (const state of ALERT_STATES) this.set({ state }, states.filter((one) => one === state).length);
    },
  });
  new Gauge({
    name: 'weir_alerting_incidents',
    help: 'Incidents that are not resolved, by state',
    labelNames: ['state'],
    registers,
    collect() {
      const states = gauges.incidentStates();
      for (const state of INCIDENT_STATES.slice(0, 2))
        this.set({ state }, states.filter((one) => one === state).length);
    },
  });
  gauge('weir_alerting_groups', 'Alert groups alive', gauges.groups);
  gauge(
    'weir_alerting_notifications_waiting',
    'Notifications under way or waiting for another attempt',
    gauges.waiting,
  );
  gauge('weir_alerting_mirror_waiting', 'Rows of history not yet copied to the store', gauges.outbox);
  const dropped = counter('weir_alerting_dropped_total', 'What was let go, by reason', ['reason']);
  const upTo = (reason: string) => {
    let counted = 0;
    return (total: number) => {
      if (total > counted) dropped.inc({ reason }, total - counted);
      counted = total;
    };
  };
  const made = {
    received: counter('weir_alerting_alerts_received_total', 'Alerts received, by what they say', ['status']),
    dropped,
    notifications: counter('weir_alerting_notifications_total', 'Attempts to notify, by integration and end', [
      'integration',
      'status',
    ]),
    abandoned: upTo('resolve_undeliverable'),
    mirrorDropped: upTo('mirror_full'),
  };
  const names = registry.getMetricsAsArray().flatMap((metric) => (before.has(metric.name) ? [] : [metric.name]));
  return {
    ...made,
    unregister: () => {
      for (const name of names) registry.removeSingleMetric(name);
    },
  };
}
