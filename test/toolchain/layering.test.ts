import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const biome = join(root, 'node_modules/.bin/biome');

/** Who may import whom: the table of docs/architecture.md, written down a second time on purpose. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  store: ['core'],
  collector: ['core', 'store'],
  detector: ['core', 'store'],
  pipelines: ['core', 'store'],
  alerting: ['core', 'store'],
  dashboards: ['core', 'store'],
  api: ['core', 'store', 'dashboards'],
  ui: ['core'],
  sdk: [],
  replay: ['core'],
};
const ROOMS = Object.keys(MAY_IMPORT);

interface Finding {
  readonly category: string;
  readonly path: string;
}

/** Runs the real biome with the repository's biome.json over a tree that holds only planted files. */
function lint(tree: string): Finding[] {
  const run = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], {
    cwd: tree,
    encoding: 'utf8',
  });
  const report = JSON.parse(run.stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  return report.diagnostics.map(({ category, location }) => ({
    category,
    path: typeof location.path === 'string' ? location.path : location.path.file,
  }));
}

function caught(findings: readonly Finding[], path: string, category: string): boolean {
  return findings.some((finding) => finding.path.endsWith(path) && finding.category === category);
}

const RESTRICTED = 'lint/style/noRestrictedImports';

describe('layering', () => {
  let tree: string;
  let findings: Finding[];
  const planted: { path: string; allowed: boolean; imports: string }[] = [];

  function plant(path: string, imports: string, allowed: boolean): void {
    planted.push({ path, imports, allowed });
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import { thing } from '${imports}';\n\nexport const copy = thing;\n`);
  }

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'weir-layering-'));
    cpSync(join(root, 'biome.json'), join(tree, 'biome.json'));
    execFileSync('git', ['init', '-q'], { cwd: tree });
    for (const room of ROOMS) {
      const allowed = MAY_IMPORT[room] as readonly string[];
      for (const depth of [1, 2, 3, 4]) {
        const folder = [room, 'a', 'b', 'c'].slice(0, depth).join('/');
        const up = '../'.repeat(depth);
        for (const other of ROOMS) {
          if (other === room) continue;
          plant(`${folder}/to-${other}.ts`, `${up}${other}/thing.ts`, allowed.includes(other));
        }
        plant(`${folder}/to-root-main.ts`, `${up}main.ts`, false);
        plant(`${folder}/to-root-config.ts`, `${up}config.ts`, false);
        plant(`${folder}/to-test.ts`, `${up}test/store/harness.ts`, false);
        plant(`${folder}/to-examples.ts`, `${up}examples/order-pipeline/main.ts`, false);
        plant(`${folder}/to-itself.ts`, './neighbour.ts', true);
        plant(`${folder}/to-package.ts`, 'zod', true);
        if (depth > 1) plant(`${folder}/to-own-room.ts`, `${'../'.repeat(depth - 1)}neighbour.ts`, true);
        plant(`${folder}/to-own-main.ts`, `${depth > 1 ? '../'.repeat(depth - 1) : './'}main.ts`, false);
      }
      plant(`${room}/to-main-of-store.ts`, '../store/main.ts', false);
      plant(`${room}/view.tsx`, '../main.ts', false);
    }
    plant('cli/run.ts', '../detector/main.ts', true);
    plant('cli/bad.ts', '../main.ts', false);
    plant('test/store/free.test.ts', '../../detector/decide.ts', true);
    mkdirSync(join(tree, 'store/cycle'), { recursive: true });
    writeFileSync(
      join(tree, 'store/cycle/one.ts'),
      "import { two } from './two.ts';\n\nexport const one = () => two;\n",
    );
    writeFileSync(
      join(tree, 'store/cycle/two.ts'),
      "import { one } from './one.ts';\n\nexport const two = () => one;\n",
    );
    findings = lint(tree);
  });

  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  test.each(ROOMS)('a forbidden import in %s is caught, an allowed one is not', (room) => {
    const wrong = planted
      .filter(({ path }) => path.startsWith(`${room}/`))
      .filter(({ path, allowed }) => caught(findings, path, RESTRICTED) === allowed)
      .map(({ path, imports, allowed }) => `${path} imports ${imports}: ${allowed ? 'refused' : 'not caught'}`);
    expect(wrong).toEqual([]);
  });

  test('the commands build from any room, but nothing imports the root main.ts', () => {
    expect(caught(findings, 'cli/run.ts', RESTRICTED)).toBe(false);
    expect(caught(findings, 'cli/bad.ts', RESTRICTED)).toBe(true);
    expect(caught(findings, 'test/store/free.test.ts', RESTRICTED)).toBe(false);
  });

  test('type imports, re-exports and dynamic imports count as imports', () => {
    const forms = {
      'collector/type-import.ts': "import type { Thing } from '../detector/thing.ts';\n\nexport type Copy = Thing;\n",
      'collector/re-export.ts': "export { thing } from '../detector/thing.ts';\n",
      'collector/dynamic.ts': "export const load = () => import('../detector/thing.ts');\n",
    };
    for (const [path, text] of Object.entries(forms)) writeFileSync(join(tree, path), text);
    const again = lint(tree);
    for (const path of Object.keys(forms)) expect([path, caught(again, path, RESTRICTED)]).toEqual([path, true]);
  });

  test('an import cycle is caught', () => {
    expect(caught(findings, 'store/cycle/one.ts', 'lint/suspicious/noImportCycles')).toBe(true);
  });
});
