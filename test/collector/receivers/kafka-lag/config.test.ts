import { describe, expect, it } from 'vitest';
import {
  type KafkaLagConfig,
  kafkaClusters,
  kafkaLagConfig,
} from '../../../../collector/receivers/kafka-lag/config.ts';

const parse = (config: object): KafkaLagConfig => kafkaLagConfig.parse(config);
const brokersOf = (config: object, env: NodeJS.ProcessEnv = {}) =>
  kafkaClusters(parse(config), env).map(({ alias, brokers }) => [alias, ...brokers]);

describe('clusters', () => {
  const env = { KAFKA_BROKERS: ' a:9092, b:9093 ,' };

  it('are that of KAFKA_BROKERS when nothing is written, and the file goes before it', () => {
    expect(brokersOf({}, env)).toEqual([['default', 'a:9092', 'b:9093']]);
    expect(brokersOf({ alias: 'main' }, env)).toEqual([['main', 'a:9092', 'b:9093']]);
    expect(brokersOf({ brokers: ['c:1'] }, env)).toEqual([['default', 'c:1']]);
    expect(brokersOf({ brokers: [] }, env)).toEqual([]);
    expect(brokersOf({}, {})).toEqual([]);
  });

  it('are those of the list, and the one beside it when that is written', () => {
    const clusters = [
      { alias: 'east', brokers: ['e:1'] },
      { alias: 'west', brokers: ['w:1', '[::1]:2'] },
    ];
    expect(brokersOf({ clusters }, env)).toEqual([
      ['east', 'e:1'],
      ['west', 'w:1', '[::1]:2'],
    ]);
    expect(brokersOf({ brokers: ['c:1'], clusters }, env)).toEqual([
      ['default', 'c:1'],
      ['east', 'e:1'],
      ['west', 'w:1', '[::1]:2'],
    ]);
  });

  it('each have keys of their own', () => {
    const config = parse({
      poll_interval: '10s',
      brokers: ['c:1'],
      clusters: [{ alias: 'east', brokers: ['e:1'], group_match: '^x' }],
    });
    const [single, east] = kafkaClusters(config, {});
    expect(single).toMatchObject({
      poll_interval: 10_000,
      group_match: '.*',
      details_interval: 60_000,
      timeout: 10_000,
    });
    expect(east).toMatchObject({
      poll_interval: 5000,
      group_match: '^x',
      topic_match: '^[^_].*$',
      backdated_partitions: 500,
    });
  });

  it('know TLS and SASL as the Collector spells them', () => {
    const tls = { ca_file: 'ca.pem', cert_file: 'c.pem', key_file: 'k.pem', server_name_override: 'kafka' };
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'weir', password: 'secret' };
    const [cluster] = kafkaClusters(parse({ brokers: ['c:1'], tls, sasl }), {});
    expect(cluster?.tls).toEqual({ ...tls, insecure_skip_verify: false });
    expect(cluster?.sasl).toEqual(sasl);
    const token = { mechanism: 'OAUTHBEARER', token: 'abc' };
    expect(parse({ sasl: token }).sasl).toEqual(token);
    expect(parse({ tls: {} }).tls).toEqual({ insecure_skip_verify: false });
  });
});

describe('what is wrong', () => {
  it.each<[string, object, string, (string | number)[]]>([
    ['no port', { brokers: ['no-port'] }, 'host:port', ['brokers', 0]],
    ['a pattern', { group_match: '(' }, 'regular expression', ['group_match']],
    ['an unknown key', { interval: '5s' }, 'interval', []],
    ['a duration', { poll_interval: 'soon' }, 'soon', ['poll_interval']],
    ['a cluster without brokers', { clusters: [{ alias: 'a', brokers: [] }] }, '', ['clusters', 0, 'brokers']],
    ['a certificate without its key', { tls: { cert_file: 'c.pem' } }, 'key_file', ['tls']],
    ['a mechanism', { sasl: { mechanism: 'GSSAPI' } }, '', ['sasl', 'mechanism']],
    ['no password', { sasl: { mechanism: 'PLAIN', username: 'weir' } }, '', ['sasl', 'password']],
    ['no token', { sasl: { mechanism: 'OAUTHBEARER' } }, '', ['sasl', 'token']],
    [
      'an alias twice',
      {
        clusters: [
          { alias: 'a', brokers: ['a:1'] },
          { alias: 'a', brokers: ['b:1'] },
        ],
      },
      'another cluster is called a',
      ['clusters', 1, 'alias'],
    ],
    [
      'the alias of the cluster beside the list',
      { brokers: ['c:1'], clusters: [{ brokers: ['a:1'] }] },
      'another cluster is called default',
      ['clusters', 0, 'alias'],
    ],
  ])('%s is named with its path', (_, config, message, path) => {
    const { error } = kafkaLagConfig.safeParse(config);
    const [issue] = error?.issues ?? [];
    expect(issue?.path).toEqual(path);
    expect(issue?.message).toContain(message);
  });
});
