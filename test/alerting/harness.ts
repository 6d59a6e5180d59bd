import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type AlertingConfig, alertingConfig } from '../../alerting/config.ts';
import { type Engine, openEngine } from '../../alerting/engine.ts';
import type { HistoryPort } from '../../alerting/mirror.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { startWebhookServer } from './contract/webhook.ts';

/** A Tuesday, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 17, 12);

export function parseConfig(value: unknown): AlertingConfig {
  return alertingConfig.parse(value);
}

/** `path: message` of everything wrong with a configuration. */
export function configErrors(value: unknown): string[] {
  const parsed = alertingConfig.safeParse(value);
  return parsed.success
    ? []
    : z.treeifyError(parsed.error) && parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

export interface PostOptions {
  /** Seconds after noon. */
  readonly from?: number;
  readonly until?: number;
  readonly annotations?: Record<string, string>;
}

/**
 * An engine on a virtual clock over a real SQLite file. `at(t)` moves time to t seconds after noon in steps of one
 * second, ticking and delivering at each: a scenario reads as a story with a time axis.
 */
export function startScenario(config: object, options: { history?: HistoryPort; dir?: string; from?: number } = {}) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'weir-alerting-'));
  let time = NOON + (options.from ?? 0) * 1000;
  const open = (): Engine =>
    openEngine({
      config: parseConfig(config),
      path: join(dir, 'alerting.sqlite'),
      telemetry: silentTelemetry(),
      now: () => time,
      random: () => 0.5,
      history: options.history,
    });
  let engine = open();
  return {
    dir,
    get engine() {
      return engine;
    },
    now: () => time,
    /** Seconds since noon. */
    seconds: () => (time - NOON) / 1000,
    async at(seconds: number): Promise<void> {
      while (time < NOON + seconds * 1000) {
        time += 1000;
        engine.tick();
        await engine.settled();
      }
    },
    /** Time passes while the process is down. */
    skip(seconds: number): void {
      time = NOON + seconds * 1000;
    },
    post(labels: Record<string, string>, { from, until, annotations }: PostOptions = {}): string[] {
      const iso = (seconds: number) => new Date(NOON + seconds * 1000).toISOString();
      return engine.post([
        {
          labels,
          ...(annotations === undefined ? {} : { annotations }),
          ...(from === undefined ? {} : { startsAt: iso(from) }),
          ...(until === undefined ? {} : { endsAt: iso(until) }),
        },
      ]);
    },
    async restart(): Promise<void> {
      await engine.close();
      engine = open();
    },
    async [Symbol.asyncDispose]() {
      await engine.close(0);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Labels of a detector's alert in the order pipeline. */
export function detectorLabels(
  signal: string,
  stage: string,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    alertname: signal,
    signal,
    stage,
    pipeline: 'orders',
    severity: 'warning',
    weir_source: 'detector',
    ...more,
  };
}

export function webhookConfig(url: string, route: object = {}, more: object = {}) {
  return { route: { receiver: 'hook', ...route }, receivers: [{ name: 'hook', webhook_configs: [{ url }] }], ...more };
}

export type Story = ReturnType<typeof startScenario>;
export type Hook = Awaited<ReturnType<typeof startWebhookServer>>;
export type Repeated = readonly [labels: Record<string, string>, annotations?: Record<string, string>];

/** Time passes while a sender repeats its alerts every 10 s with four rounds of life, as detector and Prometheus do. */
export async function keepFiring(story: Story, until: number, ...alerts: readonly Repeated[]): Promise<void> {
  for (let t = story.seconds(); t < until; t = story.seconds()) {
    for (const [labels, annotations] of alerts)
      story.post(labels, { from: 0, until: t + 40, ...(annotations ? { annotations } : {}) });
    await story.at(Math.min(until, t + 10));
  }
}

export function resolve(story: Story, labels: Record<string, string>): void {
  story.post(labels, { from: 0, until: story.seconds() });
}

export const reasons = (hook: Hook) => hook.messages.map((message) => message.notification_reason);
