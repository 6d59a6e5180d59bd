import { describe, expect, it } from 'vitest';
import { nearestKey, resolveSecrets } from '../../core/config-text.ts';

const sources = {
  env: { TOKEN: 'from-the-environment', EMPTY: '' },
  readFile: (path: string) => {
    if (path === 'secret.txt') return 'from-the-file\n';
    throw new Error('ENOENT');
  },
};

describe('resolveSecrets', () => {
  it('replaces ${env:NAME} anywhere in any string', () => {
    const tree = { a: 'Bearer ${env:TOKEN}', b: [{ c: '${env:TOKEN}' }], n: 3, z: null };
    expect(resolveSecrets(tree, sources)).toEqual({
      a: 'Bearer from-the-environment',
      b: [{ c: 'from-the-environment' }],
      n: 3,
      z: null,
    });
  });

  it('takes the default only where the variable is missing', () => {
    expect(resolveSecrets('${env:MISSING:-fallback}', sources)).toBe('fallback');
    expect(resolveSecrets('${env:TOKEN:-fallback}', sources)).toBe('from-the-environment');
    expect(resolveSecrets('${env:EMPTY:-fallback}', sources)).toBe('');
  });

  it('names the path and the variable that is missing', () => {
    expect(() => resolveSecrets({ api: { listen: { token: '${env:NOPE}' } } }, sources)).toThrowError(
      expect.objectContaining({
        code: 'config_env_missing',
        message: expect.stringMatching(/^api\.listen\.token: .*NOPE/),
      }),
    );
    expect(() => resolveSecrets('${env:toString}', sources)).toThrowError(
      expect.objectContaining({ code: 'config_env_missing' }),
    );
  });

  it('reads x_file into x, trimmed, and leaves certificate paths alone', () => {
    expect(resolveSecrets({ token_file: 'secret.txt', cert_file: 'secret.txt' }, sources)).toEqual({
      token: 'from-the-file',
      cert_file: 'secret.txt',
    });
  });

  it('refuses a file that cannot be read and a key given twice', () => {
    expect(() => resolveSecrets({ list: [{ token_file: 'nope' }] }, sources)).toThrowError(
      expect.objectContaining({
        code: 'config_file_unreadable',
        message: expect.stringContaining('list[0].token_file'),
      }),
    );
    expect(() => resolveSecrets({ token: 'x', token_file: 'secret.txt' }, sources)).toThrowError(
      expect.objectContaining({ code: 'config_file_twice' }),
    );
  });
});

describe('a tree that refers to itself', () => {
  it('is refused with its path', () => {
    const tree: Record<string, unknown> = { a: {} };
    (tree['a'] as Record<string, unknown>)['b'] = tree['a'];
    expect(() => resolveSecrets(tree, sources)).toThrowError(
      expect.objectContaining({ code: 'config_alias_cycle', message: expect.stringMatching(/^a\.b: /) }),
    );
  });
});

describe('nearestKey', () => {
  const known = ['otlp_http', 'otlp_grpc', 'kafka_lag'];
  it('finds the key a slip most likely means', () => {
    expect(nearestKey('otlp_htp', known)).toBe('otlp_http');
    expect(nearestKey('kafkalag', known)).toBe('kafka_lag');
  });
  it('says nothing when none is near', () => {
    expect(nearestKey('zzzzzzzz', known)).toBeUndefined();
    expect(nearestKey('x', [])).toBeUndefined();
  });
});
