import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { compileAssembly } from './compile-assembly.ts';

const ROOM = join(import.meta.dirname, '../detector/lstm');
const SHARED = [
  '--enable',
  'threads',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
];

/**
 * The streaming step with fused multiply-add for machines that have it, and without, both on a shared memory of the host; and
 * whole sequences for training, with a memory of their own.
 */
const BUILDS = {
  fused: { folder: 'kernel', source: 'step.ts', options: [...SHARED, '--enable', 'relaxed-simd'] },
  plain: { folder: 'kernel', source: 'step.ts', options: SHARED },
  sequence: { folder: 'training', source: 'sequence.ts', options: ['--initialMemory', '16'] },
} as const;
export type KernelBuild = keyof typeof BUILDS;
export const KERNEL_BUILDS = Object.keys(BUILDS) as readonly KernelBuild[];

/** Where the compiled module of a build stands. */
export const builtFile = (build: KernelBuild) => join(ROOM, BUILDS[build].folder, `${build}.wasm`);

/** Compiles one build; the same source gives the same bytes. Throws with the compiler's words when it refuses it. */
export async function compileKernel(build: KernelBuild): Promise<Uint8Array> {
  const { folder, source, options } = BUILDS[build];
  return compileAssembly(join(ROOM, folder, 'assembly'), source, options);
}

if (argv[1] !== undefined && import.meta.filename.startsWith(join(dirname(argv[1]), 'build-kernel'))) {
  for (const build of KERNEL_BUILDS) {
    const wasm = await compileKernel(build);
    writeFileSync(builtFile(build), wasm);
    console.log(`${build}.wasm: ${wasm.length} bytes`);
  }
}
