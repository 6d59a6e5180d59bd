import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, 'dist');

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether `dist` is missing or older than a source, the compiler's settings or this script. */
export function isStale(): boolean {
  const sources = readdirSync(join(HERE, 'src')).map((name) => join(HERE, 'src', name));
  const newest = Math.max(...[...sources, join(HERE, 'tsconfig.json')].map(modified));
  return modified(join(DIST, 'sdk.js')) < newest || modified(join(DIST, 'register.cjs')) < newest;
}

/**
 * Compiles the package to `dist`. Each file is moved into place by itself, so that programs that start meanwhile, and
 * builds side by side, never see half a file.
 */
export function buildSdk(): void {
  const target = join(DIST, `.build-${process.pid}`);
  try {
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.json'), '--outDir', target], { stdio: 'pipe' });
    mkdirSync(DIST, { recursive: true });
    for (const name of readdirSync(target)) renameSync(join(target, name), join(DIST, name));
  } catch (error) {
    const output = (error as { stdout?: Buffer }).stdout?.toString() ?? '';
    throw new Error(`the SDK does not compile:\n${output || (error as Error).message}`);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** Builds when something changed. Returns whether it did. */
export function ensureSdkBuilt(): boolean {
  if (!isStale()) return false;
  buildSdk();
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildSdk();
