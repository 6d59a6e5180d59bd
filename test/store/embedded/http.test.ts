import { afterAll, beforeAll } from 'vitest';
import type { StoreEndpoint } from '../../../store/client.ts';
import { describeClientBattery } from '../client-battery.ts';
import { describeCurlBattery } from '../curl-battery.ts';
import { startTestStore, type TestStore } from '../harness.ts';

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore({ migrate: false });
});
afterAll(() => running.stop());

describeClientBattery('the embedded engine', () => running.endpoint);
describeCurlBattery('the embedded engine', () => running.endpoint);

/** The same against a ClickHouse server: `WEIR_CLICKHOUSE_URL=http://user:password@host:8123/database`. */
const external = process.env['WEIR_CLICKHOUSE_URL'];
if (external !== undefined) {
  const url = new URL(external);
  const endpoint: StoreEndpoint = {
    url: url.origin,
    database: url.pathname.slice(1) || 'default',
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
  };
  describeClientBattery('a ClickHouse server', () => endpoint);
  describeCurlBattery('a ClickHouse server', () => endpoint);
}
