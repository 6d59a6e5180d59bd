import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetGroup } from '../../../../collector/receivers/prometheus/config.ts';
import { type FileDiscovery, followFiles } from '../../../../collector/receivers/prometheus/file-discovery.ts';

let folder = '';
let discovery: FileDiscovery | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-files-'));
});
afterEach(() => {
  discovery?.close();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, content: unknown) =>
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((next) => setTimeout(next, 10));
  }
}

function follow(files: string[], refresh = 60_000) {
  const told: TargetGroup[][] = [];
  const errors: string[] = [];
  discovery = followFiles({
    config: { files: files.map((file) => join(folder, file)), refresh_interval: refresh },
    onGroups: (groups) => told.push([...groups]),
    onRead: (file, error) => error !== undefined && errors.push(`${file.slice(folder.length + 1)}: ${error}`),
  });
  const addresses = () => (told.at(-1) ?? []).flatMap(({ targets }) => targets).join();
  return { told, errors, addresses };
}

describe('files of targets', () => {
  it('are read in JSON and YAML, with what they add to the labels', async () => {
    write('a.json', [{ targets: ['a:1'], labels: { env: 'prod' } }]);
    write('b.yml', '- targets: [b:1, b:2]\n');
    const { told } = follow(['a.json', 'b.yml']);
    await discovery?.ready;
    expect(told).toEqual([
      [
        { targets: ['a:1'], labels: { env: 'prod', __meta_filepath: join(folder, 'a.json') } },
        { targets: ['b:1', 'b:2'], labels: { __meta_filepath: join(folder, 'b.yml') } },
      ],
    ]);
  });

  it('are found by a pattern, come, change and go', async () => {
    write('kafka-a.json', [{ targets: ['a:1'] }]);
    write('other.json', [{ targets: ['x:1'] }]);
    const { addresses, told } = follow(['kafka-*.json']);
    await discovery?.ready;
    expect(addresses()).toBe('a:1');
    write('kafka-b.json', [{ targets: ['b:1'] }]);
    await until(() => addresses() === 'a:1,b:1');
    write('new', [{ targets: ['a:2'] }]);
    renameSync(join(folder, 'new'), join(folder, 'kafka-a.json'));
    await until(() => addresses() === 'a:2,b:1');
    rmSync(join(folder, 'kafka-b.json'));
    await until(() => addresses() === 'a:2');
    const before = told.length;
    write('kafka-a.json', [{ targets: ['a:2'] }]);
    await new Promise((next) => setTimeout(next, 300));
    expect(told).toHaveLength(before);
  });

  it.each([
    ['text that is no JSON', '[{"targets": ["a:', 'JSON'],
    ['no list', '{"targets": ["b:1"]}', 'expected array'],
    ['a group without targets', '[{"labels": {}}]', '0.targets'],
    ['a label that is no text', '[{"targets": ["b:1"], "labels": {"x": 1}}]', '0.labels.x'],
  ])('with %s leave the targets as they were', async (_what, content, reason) => {
    write('a.json', [{ targets: ['a:1'] }]);
    const { addresses, errors } = follow(['a.json']);
    await discovery?.ready;
    write('a.json', content);
    await until(() => errors.length > 0);
    expect(errors[0]).toContain(reason);
    expect(addresses()).toBe('a:1');
    write('a.json', [{ targets: ['a:3'] }]);
    await until(() => addresses() === 'a:3');
  });

  it('stay as they were while their folder cannot be read', async () => {
    mkdirSync(join(folder, 'mounted'));
    write('mounted/a.json', [{ targets: ['a:1'] }]);
    const { addresses, errors } = follow(['mounted/*.json'], 100);
    await discovery?.ready;
    rmSync(join(folder, 'mounted'), { recursive: true });
    write('mounted', 'a file in the place of the folder');
    await until(() => errors.some((error) => error.startsWith('mounted/*.json: ENOTDIR')));
    expect(addresses()).toBe('a:1');
    rmSync(join(folder, 'mounted'));
    await until(() => addresses() === '');
  });

  it('need not be there yet, nor their folder', async () => {
    const { addresses, errors } = follow(['later/a.json'], 100);
    await discovery?.ready;
    expect(addresses()).toBe('');
    mkdirSync(join(folder, 'later'));
    write('later/a.json', [{ targets: ['a:1'] }]);
    await until(() => addresses() === 'a:1');
    expect(errors).toEqual([]);
  });

  it('may be empty', async () => {
    write('a.yaml', '');
    write('b.yaml', '[]');
    const { told, errors } = follow(['a.yaml', 'b.yaml']);
    await discovery?.ready;
    expect([told, errors]).toEqual([[[]], []]);
  });
});
