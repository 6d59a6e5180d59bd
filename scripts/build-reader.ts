import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { compileAssembly } from './compile-assembly.ts';

const ROOM = join(import.meta.dirname, '../collector/reader');

/** Compiles the wire reader; the same sources give the same bytes. Throws with the compiler's words when it refuses them. */
export async function compileReader(): Promise<Uint8Array> {
  return compileAssembly(join(ROOM, 'assembly'), 'module.ts', ['--maximumMemory', '32768']);
}

if (argv[1] !== undefined && import.meta.filename.startsWith(join(dirname(argv[1]), 'build-reader'))) {
  const wasm = await compileReader();
  writeFileSync(join(ROOM, 'reader.wasm'), wasm);
  console.log(`reader.wasm: ${wasm.length} bytes`);
}
