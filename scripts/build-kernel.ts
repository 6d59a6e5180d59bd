import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { main } from 'assemblyscript/asc';

const ROOM = join(import.meta.dirname, '../detector/lstm/kernel');

/** The two builds: with fused multiply-add where the machine has it, and without. */
export const KERNEL_BUILDS = ['fused', 'plain'] as const;
export type KernelBuild = (typeof KERNEL_BUILDS)[number];

/** Compiles the LSTM kernel; the same source gives the same bytes. Throws with the compiler's words when it refuses it. */
export async function compileKernel(build: KernelBuild): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  let words = '';
  const { error } = await main(
    [
      'step.ts',
      ...['--outFile', 'kernel.wasm', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads'],
      ...(build === 'fused' ? ['--enable', 'relaxed-simd'] : []),
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
      ...['--baseDir', join(ROOM, 'assembly'), '-O3', '--converge', '--noAssert', '--use', 'abort='],
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) wasm = contents as Uint8Array;
      },
      listFiles: () => [],
      stderr: {
        write: (text) => {
          words += text;
        },
      },
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`the kernel does not compile: ${error?.message}\n${words}`);
  return wasm;
}

if (argv[1] !== undefined && import.meta.filename.startsWith(join(dirname(argv[1]), 'build-kernel'))) {
  for (const build of KERNEL_BUILDS) {
    const wasm = await compileKernel(build);
    writeFileSync(join(ROOM, `${build}.wasm`), wasm);
    console.log(`${build}.wasm: ${wasm.length} bytes`);
  }
}
