import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig, weirConfig } from '../../config.ts';
import { ROOT, readText } from './repository.ts';

describe('config.yaml', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is accepted and says what holds anyway', () => {
    const { alerting, ...rest } = loadConfig({ file: join(ROOT, 'config.yaml'), env: {} });
    const { alerting: byDefault, ...others } = loadConfig({ env: {} });
    expect(rest).toEqual(others);
    expect({ ...alerting, route: undefined }).toEqual({ ...byDefault, route: undefined });
  });

  test('its examples are accepted when they are switched on', () => {
    const lines = readText('config.yaml').split('\n');
    // An example replaces the empty list it stands under.
    const on = lines.filter((line) => line !== '  detectors: []').map((line) => line.replace(/^( *)#\| /, '$1'));
    const file = join(folder, 'on.yaml');
    writeFileSync(file, on.join('\n'));
    const { store, detector, alerting, pipelines } = loadConfig({ file, env: {} });
    expect(store.url).toBe('http://clickhouse.internal:8123');
    expect(detector.detectors.map(({ name }) => name)).toEqual(['CheckoutLatency']);
    expect(alerting.receivers.map(({ name }) => name)).toEqual(['default', 'on-call', 'orders-team']);
    expect(alerting.route.routes).toHaveLength(2);
    expect(alerting.maintenance).toHaveLength(1);
    expect(pipelines.definitions.map(({ name, slos }) => [name, slos.length])).toEqual([['orders', 2]]);
  });
});

/** The keys of a JSON schema by path; lists are looked through. */
function keyPaths(schema: Record<string, unknown>, path: string): string[] {
  const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
  const items = schema['items'] as Record<string, unknown> | undefined;
  const own = Object.entries(properties).flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const below = keyPaths(inner, at);
    return below.length > 0 ? below : [at];
  });
  return items ? [...own, ...keyPaths(items, `${path}[]`)] : own;
}

describe('docs/configuration.md', () => {
  test('has every key that the schema has', () => {
    const schema = z.toJSONSchema(weirConfig, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
    const text = readText('docs/configuration.md');
    const known = new Set([...text.matchAll(/`([a-z0-9_.[\]]+)`/g)].map((match) => match[1]));
    const paths = keyPaths(schema, '').filter((path) => path !== 'alerting');
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !known.has(path))).toEqual([]);
  });

  test('its examples are valid', () => {
    const blocks = [...readText('docs/configuration.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]);
    expect(blocks.length).toBeGreaterThan(2);
    const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
    for (const [i, block] of blocks.entries()) {
      const file = join(folder, `${i}.yaml`);
      writeFileSync(file, block as string);
      const named = [...(block as string).matchAll(/\$\{env:(\w+)/g)].map(([, name]) => name as string);
      const env = Object.fromEntries(named.map((name) => [name, 'a-secret-of-16-or-more-chars-000']));
      expect(() => loadConfig({ file, env }), block as string).not.toThrow();
    }
    rmSync(folder, { recursive: true });
  });
});
