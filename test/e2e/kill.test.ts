import { createHash } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import { ask } from '../../cli/query.ts';
import { readOrCreatePassword, USER } from '../../store/embedded/credentials.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';

const LOOPS = 10;
const SPANS_PER_REQUEST = 50;
const folder = temporaryFolder('kill');
let weir: WeirProcess | undefined;

afterAll(async () => {
  await weir?.kill();
  folder.remove();
});

/** A request of unique spans, as an OTLP/JSON exporter sends it. */
function request(id: string): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const now = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, i) => ({
    traceId: hash(id).slice(0, 32),
    spanId: hash(`${id}/${i}`).slice(0, 16),
    name: `request ${id}`,
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 5_000_000n),
    attributes: [{ key: 'request.id', value: { stringValue: id } }],
  }));
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'kill-test' } }] },
        scopeSpans: [{ spans }],
      },
    ],
  });
}

async function query(sql: string): Promise<Record<string, string>[]> {
  const endpoint = {
    url: weir?.addresses['ClickHouse'] ?? '',
    database: 'default',
    username: USER,
    password: readOrCreatePassword(`${folder.path}/store`),
  };
  const text = await (await ask(endpoint, sql, 'JSONEachRow')).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

it('stores every acknowledged span exactly once although the whole platform is killed ten times', async () => {
  const acknowledged = new Set<string>();
  let sent = 0;
  for (let loop = 0; loop < LOOPS; loop++) {
    weir = await startWeir(['run', '--data', folder.path, ...FREE_PORTS]);
    const url = `${weir.addresses['OTLP/HTTP']}/v1/traces`;
    let running = true;
    const senders = Array.from({ length: 4 }, async () => {
      while (running) {
        const id = `r${sent++}`;
        try {
          const answer = await fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: request(id),
          });
          if (answer.status === 200) acknowledged.add(id);
          await answer.arrayBuffer();
        } catch {
          // The kill cut this request off: it may or may not be stored, but at most once.
        }
      }
    });
    const before = acknowledged.size;
    await until(
      () => acknowledged.size > before + 5,
      30_000,
      () => weir?.output() ?? '',
    );
    await new Promise((done) => setTimeout(done, 50 + Math.random() * 1500));
    await weir.kill();
    running = false;
    await Promise.all(senders);
  }

  weir = await startWeir(['run', '--data', folder.path, ...FREE_PORTS]);
  let rows: Record<string, string>[] = [];
  const sql = `SELECT SpanAttributes['request.id'] AS id, toString(count()) AS n, toString(uniqExact(SpanId)) AS spans
    FROM otel_traces WHERE ServiceName = 'kill-test' GROUP BY id`;
  await until(
    async () => {
      rows = await query(sql);
      const stored = new Set(rows.map((row) => row['id']));
      return [...acknowledged].every((id) => stored.has(id));
    },
    60_000,
    () => `${acknowledged.size} acknowledged, ${rows.length} stored`,
  );
  expect(acknowledged.size).toBeGreaterThan(LOOPS * 5);
  for (const row of rows) expect(row, row['id'] ?? '').toMatchObject({ n: '50', spans: '50' });
  const [raw] = await query("SELECT toString(count()) AS n FROM otel_traces WHERE ServiceName = 'kill-test'");
  const [rollup] = await query("SELECT toString(sum(Count)) AS n FROM red_10s WHERE Service = 'kill-test'");
  expect(rollup).toEqual(raw);
  expect(await weir.stop()).toBe(0);
  weir = undefined;
}, 280_000);
