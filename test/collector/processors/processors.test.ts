import { describe, expect, it } from 'vitest';
import { processorsConfig } from '../../../collector/processors/config.ts';
import { createProcessors } from '../../../collector/processors/processors.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { metric } from '../harness.ts';
import { spanBytes } from './wire-items.ts';

function processorsOf(config: object) {
  const telemetry = silentTelemetry();
  return { telemetry, ...createProcessors(processorsConfig.parse(config), telemetry, () => 0) };
}

const REDACT = { attributes: [{ keys: ['a'], action: 'redact' }] };

describe('createProcessors', () => {
  it('has no hook that the configuration does not need', () => {
    const { hooks } = processorsOf({});
    expect(Object.keys(hooks).sort()).toEqual(['admitSeries', 'divertPoint']);
    expect(Object.keys(processorsOf(REDACT).hooks)).toContain('attributeAction');
    expect(Object.keys(processorsOf({ filter: [{ signal: 'logs', service: 'x' }] }).hooks)).toContain('filterScope');
  });

  it('has another revision when stored telemetry looks different, and only then', () => {
    const { revision } = processorsOf(REDACT);
    expect(processorsOf(REDACT).revision).toBe(revision);
    expect(processorsOf({ ...REDACT, cardinality: { partition_keep: 3 } }).revision).toBe(revision);
    const others = [
      {},
      { attributes: [{ keys: ['b'], action: 'redact' }] },
      { attributes: [{ keys: ['a'], action: 'hash', salt: '0123456789abcdef' }] },
      { attributes: [{ keys: ['a'], action: 'hash', salt: '0123456789abcdeF' }] },
    ].map((config) => processorsOf(config).revision);
    expect(new Set([revision, ...others]).size).toBe(5);
  });

  it('counts what filters drop by rule, from zero on', async () => {
    const { hooks, telemetry } = processorsOf({ filter: [{ rule: 'health', signal: 'traces', name: 'GET /healthz' }] });
    const sample = 'weir_collector_processor_dropped_total{processor="filter",rule="health"}';
    expect(await telemetry.registry.metrics()).toContain(`${sample} 0`);
    expect(hooks.filterScope?.('traces', 'shop')).toBe(1);
    expect(hooks.filterScope?.('logs', 'shop')).toBe(0);
    expect(hooks.dropItem?.('traces', 'shop', '', spanBytes({ name: 'GET /healthz' }))).toBe(true);
    expect(hooks.dropItem?.('traces', 'shop', '', spanBytes({ name: 'GET /orders' }))).toBe(false);
    expect(await metric(telemetry, sample)).toBe(1);
  });

  it('counts refused series, and the series of the largest sources by name', async () => {
    const { hooks, telemetry } = processorsOf({ cardinality: { series_per_source: 2 } });
    const admit = (service: string, id: string) =>
      hooks.admitSeries?.({ service, metric: 'm', attributes: new Map([['id', id]]) });
    for (let i = 0; i < 150; i++) admit(`small ${i}`, '1');
    for (const id of ['1', '2', '3']) admit('large', id);
    const rule = 'weir_collector_processor_dropped_total{processor="cardinality",rule="series_per_source"}';
    expect(await metric(telemetry, rule)).toBe(1);
    expect(await metric(telemetry, 'weir_collector_series{source="large"}')).toBe(2);
    expect(await metric(telemetry, 'weir_collector_series{source="other"}')).toBe(51);
    const text = await telemetry.registry.metrics();
    expect(text.match(/^weir_collector_series\{/gm)).toHaveLength(101);
  });
});
