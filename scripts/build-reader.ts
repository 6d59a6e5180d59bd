import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { main } from 'assemblyscript/asc';

const ROOM = join(import.meta.dirname, '../collector/reader');

/** Compiles the wire reader; the same sources give the same bytes. Throws with the compiler's words when it refuses them. */
export async function compileReader(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  let words = '';
  const { error } = await main(
    [
      'module.ts',
      ...['--outFile', 'reader.wasm', '--runtime', 'stub', '--enable', 'simd', '--maximumMemory', '32768'],
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
  if (error !== null || wasm === undefined) throw new Error(`the reader does not compile: ${error?.message}\n${words}`);
  return wasm;
}

if (argv[1] !== undefined && import.meta.filename.startsWith(join(dirname(argv[1]), 'build-reader'))) {
  const wasm = await compileReader();
  writeFileSync(join(ROOM, 'reader.wasm'), wasm);
  console.log(`reader.wasm: ${wasm.length} bytes`);
}
