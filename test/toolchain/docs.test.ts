import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, readText, repositoryFiles } from './repository.ts';

const pages = repositoryFiles().filter((path) => path.endsWith('.md'));
const exists = (path: string) => existsSync(join(ROOT, path));

/** Folders that are made when Weir is built or run. */
const MADE = /^(\.\/)?(node_modules|data|artifacts|ui\/dist|sdk\/dist)(\/|$)/;

/** The text of a page without its blocks of code. */
function prose(page: string): string {
  return readText(page).replace(/^```[\s\S]*?^```/gm, '');
}

describe.each(pages)('%s', (page) => {
  test('every link to a file leads to one', () => {
    const links = [...readText(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1] as string,
    );
    expect(links.filter((link) => !exists(normalize(join(dirname(page), link))))).toEqual([]);
  });

  test('every file of ours that it names exists', () => {
    const named = [
      ...prose(page).matchAll(/`((?:[a-z0-9_.-]+\/)+[a-z0-9_.-]*|[a-z0-9-]+\.(?:ts|tsx|yaml|yml|json|md))`/gi),
    ]
      .map((match) => match[1] as string)
      .filter((path) => !path.includes('..') && !MADE.test(path));
    expect(named.filter((path) => !exists(path) && !exists(join(dirname(page), path)))).toEqual([]);
  });

  test('every script of npm that it names exists', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
    const named = [...readText(page).matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] as string);
    expect(named.filter((name) => scripts[name] === undefined && name !== 'build')).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const page = readText('docs/architecture.md');
  const layout = (/## Layout\s+```\n([\s\S]*?)```/.exec(page)?.[1] ?? '').trim().split('\n');

  test('every room and file of the layout exists', () => {
    const missing = layout.flatMap((line) => {
      const [room, ...names] = line.trim().split(/\s+/) as [string, ...string[]];
      const present = (name: string) => ['', '.ts', '.tsx'].some((ending) => exists(`${room}/${name}${ending}`));
      return names
        .filter((name) => !(present(name) || exists(`${room}/src/${name}.ts`)))
        .map((name) => `${room}/${name}`);
    });
    expect(layout.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  test('every folder of the repository is in the layout', () => {
    const folders = new Set(
      repositoryFiles().flatMap((path) => (path.includes('/') ? [path.split('/')[0] as string] : [])),
    );
    const known = new Set(layout.map((line) => line.trim().split(/\s+/)[0] as string));
    const unnamed = [...folders].filter((folder) => !folder.startsWith('.') && !known.has(folder));
    expect(unnamed).toEqual([]);
  });

  test('its table of rooms says what the linter enforces', () => {
    const biome = JSON.parse(readText('biome.json')) as {
      overrides: { includes: string[]; linter: { rules: { style: { noRestrictedImports: { options: Rule } } } } }[];
    };
    interface Rule {
      readonly patterns: readonly { readonly group: readonly string[] }[];
    }
    const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(10);
    for (const [, room, allowed] of rows) {
      const rule = biome.overrides.find(({ includes }) => includes.includes(`${room}/*`));
      const { patterns } = rule?.linter.rules.style.noRestrictedImports.options ?? { patterns: [] };
      const enforced = patterns.flatMap(({ group }) =>
        group.filter((one) => one.startsWith('!')).map((one) => one.replace(/^!(\.\.\/)+|\/\*\*$/g, '')),
      );
      const stated = [...(allowed as string).matchAll(/`(\w+)`/g)].map((match) => match[1]);
      expect([room, enforced]).toEqual([room, stated]);
    }
  });
});
