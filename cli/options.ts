import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { webhookConfig } from '../alerting/notifiers/webhook.ts';
import { ROUTE_DEFAULTS } from '../alerting/route.ts';
import { loadConfig, type WeirConfig } from '../config.ts';
import { shiftPorts } from './listeners.ts';

/** The options every command that reads the configuration shares. */
export interface ConfigOptions {
  readonly config?: string;
  readonly data?: string;
  readonly set: readonly string[];
  readonly portOffset: number;
  readonly webhook?: string;
}

export function withConfigOptions(command: Command, dataDefault = './data'): Command {
  return command
    .option('-c, --config <file>', 'the YAML file; without one every default holds')
    .option('-d, --data <dir>', `where everything is kept (default: ${dataDefault})`)
    .option('--set <path=value>', 'set one key, such as api.listen.port=8081 (repeatable)', collect, [])
    .option('--port-offset <n>', 'add n to every port, to run several instances side by side', wholeNumber, 0)
    .option('--webhook <url>', "send notifications to this address too, as Alertmanager's webhook");
}

export function readConfig(options: ConfigOptions): WeirConfig {
  const config = loadConfig({ file: options.config, set: options.set });
  const placed = options.data === undefined ? config : { ...config, data: options.data };
  return options.portOffset === 0 ? placed : shiftPorts(placed, options.portOffset);
}

/** The configuration with `url` added to the destinations of the root route's receiver. */
export function withWebhook(config: WeirConfig, url: string | undefined): WeirConfig {
  if (url === undefined) return config;
  const root = config.alerting.route.receiver ?? ROUTE_DEFAULTS.receiver;
  const receivers = config.alerting.receivers.map((receiver) =>
    receiver.name === root
      ? { ...receiver, webhook_configs: [...receiver.webhook_configs, webhookConfig.parse({ url })] }
      : receiver,
  );
  return { ...config, alerting: { ...config.alerting, receivers } };
}

export function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('write a whole number.');
  return Number(text);
}
