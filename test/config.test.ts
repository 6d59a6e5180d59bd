import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assertListeners, listeners, shiftPorts } from '../cli/listeners.ts';
import { checkConfig, loadConfig } from '../config.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'weir.yaml');
  writeFileSync(path, text);
  return path;
}

describe('loadConfig', () => {
  it('gives every key a default: no file, an empty file and an empty mapping are the same', () => {
    const defaults = loadConfig({ env: {} });
    expect(loadConfig({ file: file(''), env: {} })).toEqual(defaults);
    expect(loadConfig({ file: file('collector: {}\nalerting: {}\n'), env: {} })).toEqual(defaults);
    expect(defaults.data).toBe('./data');
  });

  it('listens on the standard ports, on loopback', () => {
    const config = loadConfig({ env: {} });
    expect(config.store.listen.port).toBe(8123);
    expect(Object.fromEntries(Object.entries(listeners(config)).map(([path, l]) => [path, l.port]))).toEqual({
      'telemetry.listen': 8888,
      'collector.otlp_http': 4318,
      'collector.otlp_grpc': 4317,
      'alerting.listen': 9093,
      'api.listen': 8080,
    });
    for (const listen of Object.values(listeners(config))) expect(listen.host).toBe('127.0.0.1');
  });

  it('lets --set win over the file', () => {
    const config = loadConfig({
      file: file('api:\n  listen:\n    port: 9000\n'),
      set: ['api.listen.port=9001', 'data=/srv/weir'],
      env: {},
    });
    expect(config.api.listen.port).toBe(9001);
    expect(config.data).toBe('/srv/weir');
  });

  it('takes secrets from the environment and from files beside the configuration', () => {
    writeFileSync(join(folder, 'token.txt'), 'a-token-of-enough-length\n');
    const config = loadConfig({
      file: file('api:\n  listen:\n    token_file: token.txt\nalerting:\n  listen:\n    token: ${env:T}\n'),
      env: { T: 'another-token-long-enough' },
    });
    expect(config.api.listen.token).toBe('a-token-of-enough-length');
    expect(config.alerting.listen.token).toBe('another-token-long-enough');
  });

  it.each([
    ['colector: {}\n', /^colector: unknown key; did you mean "collector"\?/],
    ['api:\n  listen:\n    prot: 1\n', /^api\.listen\.prot: unknown key; did you mean "port"\?/],
    ['api:\n  listen:\n    port: eighty\n', /^api\.listen\.port: /],
    ['telemetry:\n  log_level: loud\n', /^telemetry\.log_level: /],
    ['zzzzzzzzzzzz: 1\n', /^zzzzzzzzzzzz: unknown key; known keys: .*collector/],
    ['alertmanager:\n  url: ftp://x\n', /^alertmanager\.url: /],
  ])('refuses %j with its path', (text, message) => {
    expect(() => loadConfig({ file: file(text), env: {} })).toThrowError(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }),
    );
  });

  it('lists every mistake, not only the first', () => {
    const wrong = 'colector: {}\napi:\n  listen:\n    port: -1\n';
    expect(() => loadConfig({ file: file(wrong), env: {} })).toThrowError(
      expect.objectContaining({
        message: expect.stringMatching(/colector[\s\S]*api\.listen\.port|api\.listen\.port[\s\S]*colector/),
      }),
    );
  });

  it.each([
    ['a: [', 'config_yaml_invalid'],
    ['- a list\n', 'config_yaml_invalid'],
  ])('refuses YAML that is no mapping: %j', (text, code) => {
    expect(() => loadConfig({ file: file(text), env: {} })).toThrowError(expect.objectContaining({ code }));
  });

  it('says that a file is missing', () => {
    expect(() => loadConfig({ file: join(folder, 'nope.yaml'), env: {} })).toThrowError(
      expect.objectContaining({ code: 'config_file_missing' }),
    );
  });

  it('knows no key that every object has', () => {
    for (const text of ['__proto__:\n  data: elsewhere\n', 'constructor: 1\n']) {
      expect(() => loadConfig({ file: file(text), env: {} })).toThrowError(
        expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('unknown key') }),
      );
    }
  });

  it.each(['nokey', '=1', 'data.x=1', '__proto__.polluted=1'])('refuses --set %s', (pair) => {
    expect(() => loadConfig({ file: file('data: here\n'), set: [pair], env: {} })).toThrowError(
      expect.objectContaining({ code: 'config_set_invalid' }),
    );
    expect('polluted' in {}).toBe(false);
  });
});

describe('listeners', () => {
  it('refuses an address off loopback without a token, for each listener', () => {
    for (const path of Object.keys(listeners(loadConfig({ env: {} })))) {
      const open = loadConfig({ set: [`${path}.host=0.0.0.0`], env: {} });
      expect(() => assertListeners(open), path).toThrowError(
        expect.objectContaining({
          code: 'core_listen_unprotected',
          message: expect.stringContaining(`Set ${path}.token`),
        }),
      );
      const closed = loadConfig({ set: [`${path}.host=0.0.0.0`, `${path}.token=a-token-of-enough-length`], env: {} });
      expect(() => assertListeners(closed), path).not.toThrow();
    }
  });

  it('shifts every port but those the system chooses', () => {
    const config = checkConfig({ api: { listen: { port: 0 } } });
    const shifted = shiftPorts(config, 100);
    expect(shifted.api.listen.port).toBe(0);
    expect(shifted.collector.otlp_http.port).toBe(4418);
    expect(shifted.store.listen.port).toBe(8223);
    expect(shifted.alerting.listen.port).toBe(9193);
  });
});
