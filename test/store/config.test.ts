import { expect, test } from 'vitest';
import { storeConfig } from '../../store/config.ts';

const DAY = 86_400_000;

test('an empty section is the embedded engine on its default port', () => {
  expect(storeConfig.parse({})).toEqual({
    database: 'default',
    username: 'default',
    password: '',
    listen: { port: 8123 },
    retention: {
      ...{ spans: 30 * DAY, logs: 30 * DAY, metrics: 30 * DAY },
      levels: { '10s': 7 * DAY, '1m': 30 * DAY, '1h': 400 * DAY },
    },
  });
});

test('a server and a cluster', () => {
  const parsed = storeConfig.parse({ url: 'https://ch.example:8443', database: 'weir', cluster: { name: 'main' } });
  expect(parsed.url).toBe('https://ch.example:8443');
  expect(parsed.cluster).toEqual({
    name: 'main',
    replica_path: '/clickhouse/tables/{shard}/{database}/{table}',
    replica_name: '{replica}',
  });
});

test.each([
  [{ urll: 'x' }, 'urll'],
  [{ url: 'ftp://x' }, 'url'],
  [{ url: 'nonsense' }, 'url'],
  [{ database: 'a; DROP' }, 'database'],
  [{ listen: { port: 70_000 } }, 'port'],
  [{ listen: { host: '0.0.0.0' } }, 'host'],
  [{ cluster: {} }, 'name'],
  [{ retention: { traces: '1d' } }, 'traces'],
  [{ retention: { spans: '59s' } }, 'shortest'],
  [{ retention: { levels: { '1h': 'a year' } } }, 'not a duration'],
])('%j is refused', (config, named) => {
  const result = storeConfig.safeParse(config);
  expect(result.success).toBe(false);
  expect(JSON.stringify(result.error?.issues)).toContain(named);
});
