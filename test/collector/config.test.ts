import { describe, expect, it } from 'vitest';
import { collectorConfig } from '../../collector/config.ts';
import { isOriginAllowed } from '../../collector/receivers/http/cors.ts';

describe('collectorConfig', () => {
  it('needs nothing: standard ports on loopback, bounds on everything', () => {
    const config = collectorConfig.parse({});
    expect(config.otlp_http).toMatchObject({ host: '127.0.0.1', port: 4318, max_request_bytes: 64 << 20 });
    expect(config.otlp_grpc).toMatchObject({ host: '127.0.0.1', port: 4317, max_request_bytes: 64 << 20 });
    expect(config.otlp_http.cors.allowed_origins).toEqual([]);
    expect([config.otlp_http.tls, config.otlp_http.request_timeout]).toEqual([undefined, 60_000]);
    expect(config.kafka_otlp).toMatchObject({
      brokers: [],
      group_id: 'weir',
      traces: { topic: 'otlp_spans', encoding: 'otlp_proto' },
      metrics: { topic: 'otlp_metrics' },
      logs: { topic: 'otlp_logs' },
    });
    expect(config.spool).toMatchObject({ max_bytes: 2 ** 32, segment_age: 1500, segment_bytes: 2 ** 28 });
    expect(config.writer).toMatchObject({ retry_min: 250, retry_max: 10_000, stop_deadline: 10_000 });
  });

  it.each([
    [{ otlp_htp: {} }, 'otlp_htp'],
    [{ otlp_http: { token: 'short' } }, 'token'],
    [{ spool: { segment_age: 'soon' } }, 'segment_age'],
    [{ otlp_grpc: { tls: { cert_file: 'tls.pem' } } }, 'key_file'],
    [{ otlp_grpc: { tls: { cert_file: 'a', key_file: 'b', min_version: '1.1' } } }, 'min_version'],
    [{ kafka_otlp: { brokers: ['kafka'] } }, 'brokers'],
    [{ kafka_otlp: { traces: { topic: 'two words' } } }, 'topic'],
    [{ kafka_otlp: { logs: { encoding: 'raw' } } }, 'encoding'],
    // One insert is one block: a segment may not grow beyond what the engine takes as one.
    [{ spool: { segment_rows: 2_000_000 } }, 'segment_rows'],
  ])('refuses %j', (value, key) => {
    const result = collectorConfig.safeParse(value);
    expect(JSON.stringify(result.error?.issues)).toContain(key);
  });
});

describe('isOriginAllowed', () => {
  it.each([
    ['https://shop.example.org', ['https://*.example.org'], true],
    ['https://example.org', ['https://*.example.org'], false],
    ['https://shopXexample.org', ['https://shop.example.org'], false],
    ['https://any', ['*'], true],
    ['https://any', [], false],
  ])('%s in %j: %s', (origin, patterns, allowed) => {
    expect(isOriginAllowed(origin, patterns)).toBe(allowed);
  });
});
