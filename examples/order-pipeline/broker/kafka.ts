import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Admin } from '@platformatic/kafka';
import { fetchJars, KAFKA_VERSION } from './jars.ts';

const run = promisify(execFile);

export interface KafkaBroker {
  /** `host:port` list, as KAFKA_BROKERS wants it. */
  readonly brokers: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A single node that is broker and controller, on loopback, with small internal topics. */
function serverProperties(port: number, controllerPort: number, dataDir: string): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'log.dirs': join(dataDir, 'logs'),
    'num.network.threads': 2,
    'num.io.threads': 4,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    'log.retention.ms': 3_600_000,
    'log.segment.bytes': 16_777_216,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');
}

const LOGGING = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

function openAdmin(brokers: string): Admin {
  return new Admin({
    clientId: 'order-pipeline',
    bootstrapBrokers: brokers.split(','),
    connectTimeout: 2000,
    timeout: 5000,
    retries: 0,
  });
}

/**
 * Becomes the program it is given, and leaves a watcher behind that ends it when standard input does: the broker does
 * not outlive a parent that was killed.
 */
const TETHERED = 'exec 3<&0; (cat <&3 >/dev/null; kill $$ 2>/dev/null) & exec "$@" 3<&- </dev/null';

async function answers(brokers: string): Promise<boolean> {
  const admin = openAdmin(brokers);
  try {
    // Asking for a group makes the coordinator load its topic: the first consumer finds it ready.
    await admin.listConsumerGroupOffsets({ groups: ['order-pipeline'] });
    return (await admin.metadata({ topics: [] })).brokers.size > 0;
  } catch {
    return false;
  } finally {
    await admin.close().catch(() => {});
  }
}

async function end(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await exited;
  clearTimeout(timer);
}

/**
 * Runs a single KRaft node: fetches the jars when needed, formats a folder of its own, starts the broker on free
 * ports and waits until it answers. Rejects with a sentence when that takes longer than allowed. `stop` ends the
 * process and removes its data; it is also ended when this process exits.
 */
export async function startKafka(options: {
  readonly log: (line: string) => void;
  readonly fetchTimeoutMs?: number;
  readonly startTimeoutMs?: number;
}): Promise<KafkaBroker> {
  const libs = await fetchJars({ log: options.log, timeoutMs: options.fetchTimeoutMs ?? 180_000 });
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  try {
    return await startNode(libs, dataDir, options.log, options.startTimeoutMs ?? 90_000, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function startNode(
  libs: string,
  dataDir: string,
  log: (line: string) => void,
  timeoutMs: number,
  remove: () => void,
): Promise<KafkaBroker> {
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const config = join(dataDir, 'server.properties');
  const logging = join(dataDir, 'log4j2.properties');
  writeFileSync(config, serverProperties(port, controllerPort, dataDir));
  writeFileSync(logging, LOGGING);
  // A short-lived or idle-most-of-the-time JVM on two cores: one compiler tier and the serial collector start fastest.
  const jvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${logging}`];
  const path = ['-cp', join(libs, '*')];
  const deadline = Date.now() + timeoutMs;

  log(`starting Kafka ${KAFKA_VERSION} (one KRaft node) on 127.0.0.1:${port}`);
  const { stdout } = await run('java', ['-Xmx128m', ...jvm, ...path, 'kafka.tools.StorageTool', 'random-uuid']);
  const id = stdout.trim().split('\n').at(-1) as string;
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', id, '-c', config];
  await run('java', ['-Xmx128m', ...jvm, ...path, ...format]);

  const output = join(dataDir, 'broker.out');
  const file = openSync(output, 'a');
  const java = ['java', '-Xms128m', '-Xmx320m', ...jvm, ...path, 'kafka.Kafka', config];
  const child = spawn('sh', ['-c', TETHERED, 'sh', ...java], { stdio: ['pipe', file, file] });
  closeSync(file);
  child.once('exit', () => child.stdin?.destroy());
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    await end(child, 8000);
    process.removeListener('exit', kill);
    remove();
  };
  const brokers = `127.0.0.1:${port}`;
  while (!(await answers(brokers))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const why = readFileSync(output, 'utf8').trim().split('\n').slice(-3).join(' ');
      await stop();
      throw new Error(ended ? `Kafka ended at its start: ${why}` : `Kafka did not answer within ${timeoutMs / 1000} s`);
    }
    await sleep(250);
  }
  return { brokers, pid: child.pid as number, stop };
}

/** Creates the topics that do not exist yet. */
export async function createTopics(brokers: string, topics: readonly string[], partitions: number): Promise<void> {
  const admin = openAdmin(brokers);
  try {
    const present = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !present.has(topic));
    if (missing.length > 0) await admin.createTopics({ topics: missing, partitions, replicas: 1 });
  } finally {
    await admin.close();
  }
}
