import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../collector/receivers/kafka-lag/observed.ts';
import { type Started, startReceiver } from '../collector/receivers/kafka-lag/started.ts';
import { type KafkaNode, startNode } from './node.ts';

const PASSWORD = 'correct horse';
const fixture = (name: string) => new URL(`../collector/receivers/fixtures/${name}`, import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'weir-kafka-tls-'));
const closing: Started[] = [];
let node: KafkaNode;

beforeAll(async () => {
  writeFileSync(
    join(folder, 'node.pem'),
    `${readFileSync(fixture('server.key'))}${readFileSync(fixture('server.pem'))}`,
  );
  copyFileSync(fixture('ca.pem'), join(folder, 'ca.pem'));
  const login = 'org.apache.kafka.common.security';
  node = await startNode({
    listeners: { TLS: 'SSL', SASLTLS: 'SASL_SSL', SASL: 'SASL_PLAINTEXT' },
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((kind) => `${kind}=[name=weir,password="${PASSWORD}"]`),
    settings: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': join(folder, 'node.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': join(folder, 'ca.pem'),
      'listener.name.tls.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      ...Object.fromEntries(
        ['sasl', 'sasltls'].flatMap((listener) => [
          [
            `listener.name.${listener}.plain.sasl.jaas.config`,
            `${login}.plain.PlainLoginModule required user_weir="${PASSWORD}";`,
          ],
          [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, `${login}.scram.ScramLoginModule required;`],
          [
            `listener.name.${listener}.oauthbearer.sasl.jaas.config`,
            `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="node";`,
          ],
          [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, `${login}.scram.ScramLoginModule required;`],
        ]),
      ),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:CN=sender',
    },
  });
  await prepare();
}, 300_000);
afterEach(async () => {
  for (const { receiver } of closing.splice(0)) await receiver.stop();
});
afterAll(async () => {
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Topics and groups, of which user `weir` may describe some. */
async function prepare(): Promise<void> {
  const kafka = new Kafka({ brokers: [node.plain], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: ['open', 'closed'].map((topic) => ({ topic, numPartitions: 1 })),
    waitForLeaders: true,
  });
  const producer = kafka.producer();
  await producer.connect();
  for (const topic of ['open', 'closed']) await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] });
  await producer.disconnect();
  for (const groupId of ['seen', 'hidden']) {
    for (const topic of ['open', 'closed']) {
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] });
    }
  }
  const rule = (resourceType: AclResourceTypes, resourceName: string) => ({
    ...{
      resourceType,
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:weir',
      host: '*',
    },
    ...{ operation: AclOperationTypes.DESCRIBE, permissionType: AclPermissionTypes.ALLOW },
  });
  await admin.createAcls({ acl: [rule(AclResourceTypes.TOPIC, 'open'), rule(AclResourceTypes.GROUP, 'seen')] });
  await admin.disconnect();
}

async function receiving(listener: string, config: object): Promise<Started> {
  const started = await startReceiver([`127.0.0.1:${node.ports[listener]}`], { poll_interval: '200ms', ...config });
  closing.push(started);
  return started;
}

const lagOf = ({ observed }: Started) => observed.latest('kafka.consumer_group.lag');
const ca = { ca_file: fixture('ca.pem') };
const identity = { cert_file: fixture('client.pem'), key_file: fixture('client.key') };
const ALL = { 'seen/open/0': 1, 'seen/closed/0': 1, 'hidden/open/0': 1, 'hidden/closed/0': 1 };

/** Waits for the first failed round, and gives what was logged of it. */
async function failure(started: Started): Promise<string> {
  const line = () => started.logged.find(({ event }) => event === 'collector_kafka_lag_failed');
  await until('a round fails', () => line() !== undefined, 30_000);
  expect(started.observed.requests).toBe(0);
  return String(line()?.['reason']);
}

describe('TLS', () => {
  it('with certificates on both sides', { timeout: 60_000 }, async () => {
    const started = await receiving('TLS', { tls: { ...ca, ...identity } });
    await until('lag is read', () => Object.keys(lagOf(started)).length === 4, 30_000);
    expect(lagOf(started)).toEqual(ALL);
  });

  it('says why a broker is not trusted, unless told to trust it', { timeout: 60_000 }, async () => {
    const distrusting = await receiving('TLS', { tls: { ...identity } });
    expect(await failure(distrusting)).toMatch(/certificate|self.signed/i);
    const trusting = await receiving('TLS', { tls: { ...identity, insecure_skip_verify: true } });
    await until('lag is read', () => Object.keys(lagOf(trusting)).length === 4, 30_000);
  });

  it('holds a broker to the name it should have', { timeout: 60_000 }, async () => {
    const named = await receiving('TLS', { tls: { ...ca, ...identity, server_name_override: 'localhost' } });
    await until('lag is read', () => Object.keys(lagOf(named)).length === 4, 30_000);
    const other = await receiving('TLS', { tls: { ...ca, ...identity, server_name_override: 'kafka.example' } });
    expect(await failure(other)).toMatch(/altnames|kafka\.example/);
  });

  it('is missed where the broker speaks it', { timeout: 60_000 }, async () => {
    expect(await failure(await receiving('TLS', {}))).toMatch(/TLS/);
  });
});

describe('SASL', () => {
  it.each([
    ['SASL', 'PLAIN'],
    ['SASL', 'SCRAM-SHA-256'],
    ['SASLTLS', 'SCRAM-SHA-512'],
  ])('over %s with %s', { timeout: 60_000 }, async (listener, mechanism) => {
    const sasl = { mechanism, username: 'weir', password: PASSWORD };
    const started = await receiving(listener, { sasl, ...(listener === 'SASLTLS' ? { tls: ca } : {}) });
    await until('lag is read', () => Object.keys(lagOf(started)).length > 0, 30_000);
    expect(lagOf(started)).toEqual({ 'seen/open/0': 1 });
  });

  it('with a token', { timeout: 60_000 }, async () => {
    // Kafka takes unsigned tokens where no issuer is configured.
    const seconds = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ sub: 'weir', iat: seconds - 60, exp: seconds + 3600 })}.`;
    const started = await receiving('SASL', { sasl: { mechanism: 'OAUTHBEARER', token } });
    await until('lag is read', () => Object.keys(lagOf(started)).length > 0, 30_000);
    expect(lagOf(started)).toEqual({ 'seen/open/0': 1 });
  });

  it('says that a password is wrong', { timeout: 60_000 }, async () => {
    const sasl = { mechanism: 'SCRAM-SHA-256', username: 'weir', password: 'wrong' };
    expect(await failure(await receiving('SASL', { sasl }))).toMatch(/authentication/i);
  });
});

describe('rights', () => {
  it('to describe a topic and a group are enough for its lag; what is left out is counted', {
    timeout: 60_000,
  }, async () => {
    const sasl = { mechanism: 'PLAIN', username: 'weir', password: PASSWORD };
    const started = await receiving('SASL', { sasl, details_interval: '200ms' });
    await until('lag is read', () => Object.keys(lagOf(started)).length > 0, 30_000);
    await started.next();
    const { observed, counted, logged } = started;
    expect(lagOf(started)).toEqual({ 'seen/open/0': 1 });
    expect(observed.latest('kafka.partition.current_offset')).toEqual({ 'open/0': 2 });
    expect(observed.latest('weir.partition.stable_offset')).toEqual({ 'open/0': 2 });
    expect(observed.latest('weir.consumer_group.state')).toEqual({ 'seen/empty/classic': 1 });
    // Settings and sizes need more, and are missed once in the log.
    expect(observed.latest('weir.topic.compacted')).toEqual({});
    expect(observed.latest('weir.partition.size')).toEqual({});
    expect(await counted('failures_total', 'topic_authorization_failed')).toBeGreaterThan(0);
    expect(await counted('failures_total', 'cluster_authorization_failed')).toBeGreaterThan(0);
    const refusals = logged.filter(({ event }) => event === 'collector_kafka_lag_details_refused');
    expect(refusals.map(({ what }) => what).sort()).toEqual(['settings', 'sizes']);
    expect(await counted('rounds_total', 'failed')).toBe(0);
  });
});
