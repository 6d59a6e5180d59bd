import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Checkpoint, type Direction, hashCheckpoint } from '../../sdk/src/checkpoint.ts';
import { hashText } from '../../sdk/src/pathway-header.ts';

const SPECIFICATION = readFileSync(new URL('../../docs/pathway.md', import.meta.url), 'utf8');

/** The rows of the specification's table of hashes. */
function vectors() {
  const rows = SPECIFICATION.split('\n').filter((line) => /^\| .*`[0-9a-f]{16}` \|$/.test(line));
  return rows.map((row) => {
    const cells = row.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    const [, parent, service, direction, system, destination, group, hash] = cells as string[];
    return { parent: parent as string, service, direction, system, destination, group, hash } as Record<string, string>;
  });
}

const place = { direction: 'in', system: 'kafka', destination: 'orders', group: 'g' } as const;

describe('hashes', () => {
  it('are made of whatever a program without types hands over', () => {
    const untyped = { direction: 'in', system: undefined, destination: 7, group: '' } as never;
    expect(hashCheckpoint(0, 0, 'a', untyped)).toEqual(
      hashCheckpoint(0, 0, 'a', { direction: 'in', system: 'undefined', destination: '7', group: '' }),
    );
  });

  it('are those of the specification', () => {
    const all = vectors();
    expect(all).toHaveLength(4);
    for (const { parent = '', service = '', direction, system = '', destination = '', group = '', hash } of all) {
      const known = parent === 'none' ? '0'.repeat(16) : parent;
      const [high, low] = [known.slice(0, 8), known.slice(8)].map((half) => Number.parseInt(half, 16));
      const at = { direction: direction as Direction, system, destination, group };
      expect(hashText(...hashCheckpoint(high as number, low as number, service, at))).toBe(hash);
    }
  });

  it('tell every part apart, also where text moves from one to the next', () => {
    const of = (service: string, changes: Partial<typeof place> | object) =>
      hashText(...hashCheckpoint(1, 2, service, { ...place, ...changes }));
    const hashes = [
      of('s', {}),
      of('t', {}),
      of('s', { direction: 'out' }),
      of('s', { system: 'nats' }),
      of('s', { destination: 'ordersg', group: '' }),
      of('s', { group: '' }),
      of('sin', {}),
      hashText(...hashCheckpoint(2, 1, 's', place)),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a checkpoint', () => {
  it('counts records by the ten seconds their pathways began in', () => {
    const checkpoint = new Checkpoint(place, '', 1, 2);
    const at = (seconds: number, count: number) => checkpoint.add(seconds * 1e6, 10, 5, count);
    at(1000, 1);
    at(1009.999_999, 2);
    at(1010, 4);
    at(995, 8);
    at(1001, 16);
    expect([...checkpoint.takeWindows()].sort((a, b) => a[0] - b[0])).toEqual([
      [99, 8],
      [100, 19],
      [101, 4],
    ]);
    expect(checkpoint.takeWindows().size).toBe(0);
    at(1001, 1);
    expect([...checkpoint.takeWindows()]).toEqual([[100, 1]]);
    expect(checkpoint.latency.count).toBe(32);
  });
});
