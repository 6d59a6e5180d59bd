import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileReader } from '../../../scripts/build-reader.ts';

it('the committed module is what its sources compile to', async () => {
  const committed = readFileSync(new URL('../../../collector/reader/reader.wasm', import.meta.url));
  expect(Buffer.compare(Buffer.from(await compileReader()), committed)).toBe(0);
}, 120_000);
