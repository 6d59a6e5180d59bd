import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetchJars } from '../../examples/order-pipeline/broker/jars.ts';

const run = promisify(execFile);
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface KafkaNode {
  /** `host:port` of the listener without encryption and passwords. */
  readonly plain: string;
  /** Ports of further listeners, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it on the same ports and data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A node of its own whose settings a test chooses and which it may kill. `listeners` are further ones by name, with
 * their security protocol; `scram` makes users at formatting.
 */
export async function startNode(options: {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'>>;
  readonly scram?: readonly string[];
}): Promise<KafkaNode> {
  const { settings = {}, listeners = {}, scram = [] } = options;
  const libs = await fetchJars({ log: () => {}, timeoutMs: 180_000 });
  const directory = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
  const names = ['PLAINTEXT', 'CONTROLLER', ...Object.keys(listeners)];
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await freePort();
  const addresses = (wanted: readonly string[]) => wanted.map((name) => `${name}://127.0.0.1:${ports[name]}`).join(',');
  const protocols = { PLAINTEXT: 'PLAINTEXT', CONTROLLER: 'PLAINTEXT', ...listeners };
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: addresses(names),
    'advertised.listeners': addresses(names.filter((name) => name !== 'CONTROLLER')),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': Object.entries(protocols)
      .map(([name, protocol]) => `${name}:${protocol}`)
      .join(','),
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports['CONTROLLER']}`,
    'log.dirs': join(directory, 'logs'),
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
    ...settings,
  };
  const config = join(directory, 'server.properties');
  writeFileSync(
    config,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  );
  const path = ['-cp', join(libs, '*')];
  const tool = (args: readonly string[]) =>
    run('java', ['-Xmx128m', ...JVM, ...path, 'kafka.tools.StorageTool', ...args]);
  const id = (await tool(['random-uuid'])).stdout.trim().split('\n').at(-1) as string;
  await tool(['format', '--standalone', '-t', id, '-c', config, ...scram.flatMap((user) => ['--add-scram', user])]);

  let child: ChildProcess | undefined;
  const output = join(directory, 'broker.out');

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    const timer = setTimeout(() => ending.kill('SIGKILL'), 8000);
    await exited;
    clearTimeout(timer);
  }
  const atExit = () => child?.kill('SIGKILL');
  process.once('exit', atExit);

  async function start(): Promise<void> {
    const file = openSync(output, 'a');
    const started = spawn('java', ['-Xmx320m', ...JVM, ...path, 'kafka.Kafka', config], {
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    child = started;
    const deadline = Date.now() + 90_000;
    while (!(await listens(ports['PLAINTEXT'] as number))) {
      if (started.exitCode !== null || Date.now() > deadline) {
        throw new Error(`Kafka did not start: ${readFileSync(output, 'utf8').trim().split('\n').slice(-5).join(' ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  await start();
  return {
    plain: `127.0.0.1:${ports['PLAINTEXT']}`,
    ports,
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGTERM');
      process.removeListener('exit', atExit);
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
