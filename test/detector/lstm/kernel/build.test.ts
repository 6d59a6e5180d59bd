import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernel, KERNEL_BUILDS } from '../../../../scripts/build-kernel.ts';

test.each(KERNEL_BUILDS)(
  'the committed %s module is what its source compiles to',
  async (build) => {
    const committed = readFileSync(new URL(`../../../../detector/lstm/kernel/${build}.wasm`, import.meta.url));
    expect(Buffer.compare(Buffer.from(await compileKernel(build)), committed)).toBe(0);
  },
  120_000,
);
