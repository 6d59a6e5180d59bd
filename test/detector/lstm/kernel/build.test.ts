import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtFile, compileKernel, KERNEL_BUILDS } from '../../../../scripts/build-kernel.ts';

test.each(KERNEL_BUILDS)(
  'the committed %s module is what its source compiles to',
  async (build) => {
    const committed = readFileSync(builtFile(build));
    expect(Buffer.compare(Buffer.from(await compileKernel(build)), committed)).toBe(0);
  },
  120_000,
);
