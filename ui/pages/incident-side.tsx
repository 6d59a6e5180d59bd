import type { IncidentView, NotificationView } from '../../core/view.ts';
import { capital } from '../answer.ts';
import { durationWords, formatAbsolute, formatMoment, plural } from '../format.ts';
import { Feedback } from '../parts/feedback.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { address } from '../router.ts';

const INTEGRATION_ICON: Readonly<Record<string, IconName>> = {
  pagerduty: 'siren',
  slack: 'hash',
  email: 'mail',
  webhook: 'chain',
};

/** Who was told, when, and with what success. */
export function Notifications({ list, now }: { list: readonly NotificationView[]; now: number }) {
  return (
    <section class="panel" aria-label="Notifications">
      <header>
        <h2>Notifications</h2>
        <span class="side">{list.length === 0 ? '' : list.length}</span>
      </header>
      {list.length === 0 ? (
        <p class="nothing">Nobody has been told yet. Groups wait for their group_wait, then go where the routes say.</p>
      ) : null}
      {list.slice(-12).map((one, i) => (
        <div
          class="row notification"
          key={`${one.time}-${i}`}
          title={formatAbsolute(one.time)}
          data-state={one.status === 'failed' ? 'stuck' : 'healthy'}
        >
          <Icon name={INTEGRATION_ICON[one.integration.toLowerCase()] ?? 'bell'} />
          <span class="ellipsis">
            {capital(one.integration)} <span class="ink3">{one.receiver}</span>
            <small class="ellipsis">
              {one.error === ''
                ? [one.reason, plural(one.alerts, 'alert')].filter((text) => text !== '').join(', ')
                : one.error}
            </small>
          </span>
          <span class="end">
            {formatMoment(one.time, now, true)}
            <small class={one.status === 'failed' ? 'state-text' : ''}>
              {one.status}
              {one.attempts > 1 ? `, try ${one.attempts}` : ''}
            </small>
          </span>
        </div>
      ))}
    </section>
  );
}

/** Stages that live on what the culprit writes. */
export function Affected({ view }: { view: IncidentView }) {
  if (view.affected.length === 0) return null;
  return (
    <section class="panel" aria-label="Downstream">
      <header>
        <h2>Downstream</h2>
        <span class="side">now</span>
      </header>
      {view.affected.map((node) => (
        <div class="row small" key={node.id} data-state={node.state}>
          <Glyph state={node.state} size={9} />
          <a class="ellipsis plain" href={address.stage(view.summary.pipeline, node.name)}>
            {node.name}
          </a>
          <span class="end ink2">
            {node.freshness !== null
              ? `fresh ${durationWords(node.freshness)}`
              : node.lagSeconds !== null
                ? `lag ${durationWords(node.lagSeconds)}`
                : ''}
          </span>
        </div>
      ))}
    </section>
  );
}

/** The alerts the incident gathered, each with what people say of it where it is one of our detector's. */
export function Alerts({ view, reload }: { view: IncidentView; reload: () => void }) {
  const { alerts, now } = view;
  const anomalies = new Map(view.anomalies.map((anomaly) => [anomaly.id, anomaly]));
  return (
    <section class="panel" aria-label="Alerts">
      <header>
        <h2>Alerts</h2>
        <span class="side">{alerts.length}</span>
      </header>
      {alerts.map((alert) => {
        const anomaly = anomalies.get(alert.annotations['anomaly_id'] ?? '');
        const title = alert.annotations['summary'] || alert.labels['alertname'] || alert.fingerprint;
        return (
          <div
            class="row alert"
            key={alert.fingerprint}
            data-state={alert.resolvedAt === 0 ? 'falling_behind' : 'healthy'}
          >
            <Glyph state={alert.resolvedAt === 0 ? 'falling_behind' : 'healthy'} size={10} />
            <div class="alert-text">
              {title}
              <small>
                {alert.labels['severity']} · {formatMoment(alert.startsAt, now, true)}
                {alert.resolvedAt === 0 ? '' : ` – ${formatMoment(alert.resolvedAt, now, true)}`}
              </small>
              {anomaly === undefined ? null : <Feedback anomaly={anomaly} title={title} reload={reload} />}
            </div>
          </div>
        );
      })}
    </section>
  );
}
