import { join } from 'node:path';
import { openStore, type Store } from '../../store/client.ts';
import { readOrCreatePassword, USER } from '../../store/embedded/credentials.ts';
import { FREE_PORTS, startWeir, type WeirProcess } from '../../test/e2e/process.ts';
import { childrenOf } from './processes.ts';

/** The product as users run it, in processes of its own over a folder of its own. */
export interface Platform {
  readonly dataDir: string;
  /** Where OTLP over HTTP is taken; '' without the collector. */
  readonly otlp: string;
  /** Where the embedded engine answers. */
  readonly engine: string;
  readonly store: Store;
  readonly password: string;
  /** Process ids: `weir` (collector, writer) and `engine` (its child). */
  readonly processes: Readonly<Record<'weir' | 'engine', number>>;
  output(): string;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  readonly dataDir: string;
  readonly roles?: string;
  /** `key=value` as `weir run --set` takes them. */
  readonly set?: readonly string[];
}

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { dataDir, roles = 'store,collector', set = [] } = options;
  const settings = set.flatMap((pair) => ['--set', pair]);
  const weir: WeirProcess = await startWeir(
    ['run', '--role', roles, '--data', dataDir, ...FREE_PORTS, '--set', 'telemetry.log_level=warn', ...settings],
    120_000,
  );
  const pid = weir.child.pid as number;
  const engine = weir.addresses['ClickHouse'] as string;
  const password = readOrCreatePassword(join(dataDir, 'store'));
  const store = openStore(
    { url: engine, database: 'default', username: USER, password },
    { requestTimeoutMs: 600_000 },
  );
  return {
    dataDir,
    otlp: weir.addresses['OTLP/HTTP'] ?? '',
    engine,
    store,
    password,
    processes: { weir: pid, engine: childrenOf(pid)[0] as number },
    output: weir.output,
    async stop() {
      await store.close();
      await weir.stop();
    },
  };
}
