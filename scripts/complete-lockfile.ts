import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is read and written of an entry under `packages` in package-lock.json. */
export interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[] | string;
  readonly cpu?: readonly string[] | string;
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64'];

/** The machine a package is for by the words of its name: `@scope/lib-linux-x64-gnu`. Undefined without system and CPU. */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | undefined {
  const words = (name.split('/').at(-1) as string).split('-');
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { cpu: [cpu], os: [os], ...(os === 'linux' && libc ? { libc } : {}) };
}

/**
 * The platform packages that some entry names as optional with an exact version but that the lockfile does not hold.
 *
 * npm leaves them out when the registry it asked does not carry them. npm 10 installs from such a lockfile, npm 11
 * refuses it as out of date, and a machine of that platform would not get its binary.
 */
export function missingPlatforms(packages: LockedPackages): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {};
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (packages[path] !== undefined || platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
      const inherited = (entry as { dev?: boolean }).dev === true ? { dev: true } : {};
      missing[path] = { version, ...platform, ...inherited, optional: true };
    }
  }
  return missing;
}

/** What `scripts/install.sh` stamps an installed lockfile with. */
function checksum(file: string): string {
  return execFileSync('cksum', { input: readFileSync(file), encoding: 'utf8' });
}

/**
 * `node scripts/complete-lockfile.ts [package-lock.json]`: adds them in place, sorted as npm sorts. What is installed
 * here stays valid, so the stamp of the install is renewed with it.
 */
if (import.meta.main) {
  const file = process.argv[2] ?? 'package-lock.json';
  const stamp = join(dirname(file), 'node_modules/.weir/lockfile');
  const stamped = existsSync(stamp) && readFileSync(stamp, 'utf8') === checksum(file);
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: LockedPackages };
  const missing = missingPlatforms(lock.packages);
  const all = Object.entries({ ...lock.packages, ...missing });
  all.sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(all) }, null, 2)}\n`);
  if (stamped) writeFileSync(stamp, checksum(file));
  process.stdout.write(`${Object.keys(missing).length} platform packages added to ${file}\n`);
}
