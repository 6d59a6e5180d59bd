import { describe, expect, test } from 'vitest';
import { findLines, readText, repositoryFiles } from './repository.ts';

const files = repositoryFiles();
const own = 'test/toolchain/files.test.ts';
const code = files.filter((path) => /\.(ts|tsx|cts|mts|sql|css)$/.test(path));
const tests = code.filter((path) => path.startsWith('test/') && path !== own);
const product = code.filter((path) => !/^(test|bench|examples)\//.test(path));

describe('files', () => {
  test('no file of code is longer than 400 lines', () => {
    const long = code
      .map((path) => [path, readText(path).split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 400);
    expect(long).toEqual([]);
  });

  test('names are kebab-case; migrations are numbered', () => {
    const kebab =
      /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|int\.test|long\.test|config|long\.config|d))?\.(ts|tsx|cts|mts|sql|css)$/;
    const migration = /^\d{4}_[a-z0-9]+(_[a-z0-9]+)*\.sql$/;
    const odd = code.filter((path) => {
      const name = path.split('/').at(-1) as string;
      return !(path.startsWith('store/migrations/') ? migration.test(name) : kebab.test(name));
    });
    expect(odd).toEqual([]);
  });

  test('no file or folder has a name that says nothing', () => {
    const empty = new Set([
      'util',
      'utils',
      'helper',
      'helpers',
      'common',
      'types',
      'manager',
      'base',
      'index',
      'misc',
    ]);
    const vague = code.filter((path) => path.split('/').some((part) => empty.has(part.split('.')[0] as string)));
    expect(vague).toEqual([]);
  });

  test('no test is left out or singled out', () => {
    expect(findLines(tests, /\b(it|test|describe|suite)\.(skip|only|todo|skipIf|runIf|fails)\b/)).toEqual([]);
  });

  test('product code has nothing unfinished in it', () => {
    expect(findLines(product, /\b(TODO|FIXME|XXX)\b|not (yet )?implemented/)).toEqual([]);
  });

  test('no file knows a folder of the machine it was written on', () => {
    const text = files.filter((path) => !/\.(png|ico|wasm|gz|bin|pb|woff2?)$/.test(path) && path !== own);
    expect(findLines(text, /(^|[^a-zA-Z0-9.])\/(work|root|tmp|home)\//)).toEqual([]);
  });

  test('every script that is run has the right to run', () => {
    for (const path of ['weir', 'scripts/with-node', '.ci/run']) expect(files).toContain(path);
  });
});
