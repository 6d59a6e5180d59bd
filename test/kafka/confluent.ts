import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version the suite was written against. */
const VERSION = '1.10.1';

/**
 * `@confluentinc/kafka-javascript` in a cache outside the repository, or where CONFLUENT_KAFKA says. Its install fetches a binary from GitHub, and
 * where that cannot be reached compiles librdkafka, which takes minutes and the headers of zlib, zstd, OpenSSL, SASL and curl.
 */
export async function installConfluent(timeoutMs: number): Promise<string> {
  const given = process.env['CONFLUENT_KAFKA'];
  if (given) return given;
  const abi = process.versions.modules;
  const base = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir');
  const cache = join(base, `confluent-${VERSION}-${process.platform}-${process.arch}-${abi}`);
  const built = join(
    cache,
    'node_modules/@confluentinc/kafka-javascript/build/Release/confluent-kafka-javascript.node',
  );
  if (existsSync(built)) return cache;
  mkdirSync(cache, { recursive: true });
  const node = dirname(process.execPath);
  const headers = dirname(node);
  const env = {
    ...process.env,
    PATH: `${node}:${process.env['PATH']}`,
    // Without it, the sources of OpenSSL, zlib and others are fetched as well.
    CKJS_LINKING: 'dynamic',
    // The compiler must see the headers of the Node that will load it.
    ...(existsSync(join(headers, 'include/node/node.h')) ? { npm_config_nodedir: headers } : {}),
  };
  const packages = [`@confluentinc/kafka-javascript@${VERSION}`];
  const args = ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', ...packages];
  await run('npm', args, { env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 });
  return cache;
}
