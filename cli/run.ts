import { Command, InvalidArgumentError } from 'commander';
import { type ConfigOptions, readConfig, withConfigOptions, withWebhook } from './options.ts';
import type { Platform } from './platform.ts';
import { ROLES, type Role } from './roles.ts';

interface RunOptions extends ConfigOptions {
  readonly role?: readonly Role[];
}

export function runCommand(): Command {
  return withConfigOptions(new Command('run'))
    .description('run the platform: all roles in one process, or some of them')
    .option('-r, --role <names>', `which roles, comma-separated: ${ROLES.join(', ')} (default: all)`, parseRoles)
    .action(async (options: RunOptions) => {
      const { startPlatform } = await import('./platform.ts');
      const platform = await startPlatform(withWebhook(readConfig(options), options.webhook), options.role ?? ROLES);
      process.stdout.write(banner(platform));
      await untilStopped(() => platform.stop());
    });
}

export function parseRoles(text: string): Role[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!(ROLES as readonly string[]).includes(name)) {
      throw new InvalidArgumentError(`"${name}" is no role; the roles are ${ROLES.join(', ')}.`);
    }
  }
  return names as Role[];
}

/** What a person needs to know once it runs. */
export function banner(platform: Platform): string {
  const { ui, otlpHttp, otlpGrpc, alerting, store } = platform.addresses;
  const rows: [string, string | undefined][] = [
    ['Interface', ui],
    ['OTLP/HTTP', otlpHttp],
    ['OTLP/gRPC', otlpGrpc],
    ['Alerting', alerting],
    ['ClickHouse', store],
  ];
  const lines = rows.filter(([, url]) => url !== undefined).map(([name, url]) => `  ${name.padEnd(11)} ${url}`);
  return `Weir is up.\n${lines.join('\n')}\nStop with Ctrl-C.\n`;
}

/** Waits for SIGINT or SIGTERM, then stops; a second signal ends the process at once. */
export async function untilStopped(stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  const force = () => process.exit(1);
  process.once('SIGINT', force);
  process.once('SIGTERM', force);
  await stop();
}
