import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

/**
 * Compiles AssemblyScript: `source` in `folder` to the bytes of a module with SIMD, without a garbage collector; the same
 * sources give the same bytes. `options` are the compiler's own. Throws with its words when it refuses.
 */
export async function compileAssembly(folder: string, source: string, options: readonly string[]): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  let words = '';
  const { error } = await main(
    [
      source,
      ...['--outFile', 'module.wasm', '--runtime', 'stub', '--enable', 'simd', ...options],
      ...['--baseDir', folder, '-O3', '--converge', '--noAssert', '--use', 'abort='],
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
  if (error !== null || wasm === undefined) throw new Error(`${source} does not compile: ${error?.message}\n${words}`);
  return wasm;
}
