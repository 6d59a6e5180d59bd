import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { WeirConfig } from '../config.ts';
import type { BrokerChoice } from '../examples/order-pipeline/broker/choose.ts';
import { DEFAULT_CONTROL_PORT, formatFaults, listFaults, switchFault } from '../examples/order-pipeline/fault.ts';
import { startNotificationPrinter } from './notification-printer.ts';
import { type ConfigOptions, readConfig, wholeNumber, withConfigOptions, withWebhook } from './options.ts';
import type { Platform } from './platform.ts';
import { banner, untilStopped } from './run.ts';

const BROKERS = ['auto', 'kafka', 'memory'] as const satisfies readonly BrokerChoice[];
const DEFAULT_HISTORY_HOURS = 24;

interface DemoOptions extends ConfigOptions {
  readonly broker: BrokerChoice;
  readonly history: number;
  readonly controlPort?: number;
}

export function demoCommand(): Command {
  const command = withConfigOptions(new Command('demo'), './data/demo, emptied at each start')
    .description('run the platform with a live order pipeline and a fault switch')
    .addOption(new Option('--broker <kind>', 'the log the orders travel on').choices(BROKERS).default('auto'))
    .option('--history <hours>', 'hours of generated history, 0 for none', hours, DEFAULT_HISTORY_HOURS)
    .option(
      '--control-port <port>',
      `port of the fault switch (default: ${DEFAULT_CONTROL_PORT} plus --port-offset)`,
      wholeNumber,
    )
    .enablePositionalOptions()
    .action((options: DemoOptions) => runDemo(options));
  command.addCommand(faultCommand());
  return command;
}

function faultCommand(): Command {
  return new Command('fault')
    .description('list the faults of a running demo, or switch one on or off')
    .argument('[name]', 'the fault')
    .argument('[state]', 'on or off', onOrOff)
    .option('--control-port <port>', 'port of the fault switch', wholeNumber, DEFAULT_CONTROL_PORT)
    .action(async (name: string | undefined, on: boolean | undefined, options: { controlPort: number }) => {
      if (name === undefined || on === undefined) {
        const faults = await listFaults(options.controlPort);
        const wanted = name === undefined ? faults : faults.filter((fault) => fault.name === name);
        process.stdout.write(`${formatFaults(wanted)}\n`);
        return;
      }
      process.stdout.write(`${formatFaults([await switchFault(name, on, options.controlPort)])}\n`);
    });
}

async function runDemo(options: DemoOptions): Promise<void> {
  // Loaded here, so that `weir --help` and the small commands do not pay for them.
  const { continueHistory, prepareBroker, sendHistory, startStages } = await import(
    '../examples/order-pipeline/demo.ts'
  );
  const { startPlatform } = await import('./platform.ts');
  const say = (line: string) => process.stdout.write(`${line}\n`);
  await using cleanup = new AsyncDisposableStack();

  const broker = await prepareBroker({ broker: options.broker, env: process.env, log: say });
  cleanup.defer(() => broker.stop());
  say(`The orders travel on ${broker.reason}.`);
  // The platform finds a Kafka to watch in KAFKA_BROKERS, as everywhere.
  if (broker.brokers !== undefined) process.env['KAFKA_BROKERS'] = broker.brokers;

  const printer = options.webhook === undefined ? await startNotificationPrinter(say) : undefined;
  if (printer) cleanup.defer(() => printer.stop());
  const config = withWebhook(demoConfig(options), options.webhook ?? printer?.url);

  const platform = await startPlatform(config);
  cleanup.defer(() => platform.stop());
  const otlpUrl = platform.addresses.otlpHttp as string;
  let history: Awaited<ReturnType<typeof sendHistory>> | undefined;
  if (options.history > 0) {
    say(`Sending ${options.history} h of generated history ...`);
    history = await sendHistory({ otlpUrl, hours: options.history, broker });
    await untilVisible(platform);
    say(`Sent ${history.points} points in ${(history.ms / 1000).toFixed(1)} s.`);
  }
  const stages = await startStages({
    otlpUrl,
    broker,
    controlPort: options.controlPort ?? DEFAULT_CONTROL_PORT + options.portOffset,
    log: say,
  });
  cleanup.defer(() => stages.stop());
  if (history !== undefined) await continueHistory(history, { otlpUrl, broker });
  say(`${help(stages.controlUrl)}\n${banner(platform)}`);
  await untilStopped(() => cleanup.disposeAsync());
}

/** The demo's own data folder is emptied at each start, so that its generated history never overlaps an older one. */
function demoConfig(options: DemoOptions): WeirConfig {
  const given = readConfig(options);
  // The terminal belongs to the demo's own lines; `--set telemetry.log_level=debug` brings the log back.
  const quiet = options.config === undefined && !options.set.some((pair) => pair.startsWith('telemetry.log_level'));
  const config = quiet ? { ...given, telemetry: { ...given.telemetry, log_level: 'warn' as const } } : given;
  if (options.data !== undefined || options.config !== undefined) return config;
  const data = join(config.data, 'demo');
  rmSync(data, { recursive: true, force: true });
  return { ...config, data };
}

/** The detector reads a series' past when it first meets it, so the history must be in the store before live data. */
async function untilVisible(platform: Platform): Promise<void> {
  let before = -1;
  for (let i = 0; i < 120; i++) {
    const [row] = await platform.store.rows<{ n: number }>(
      `SELECT (SELECT count() FROM metric_points) + (SELECT count() FROM metric_exponential_histograms) AS n`,
    );
    const n = Number(row?.n ?? 0);
    if (n > 0 && n === before) return;
    before = n;
    await new Promise((done) => setTimeout(done, 1500));
  }
}

function help(controlUrl: string): string {
  const port = new URL(controlUrl).port;
  const flag = port === String(DEFAULT_CONTROL_PORT) ? '' : ` --control-port ${port}`;
  return [
    `Break it: ${controlUrl}`,
    `   or:    ./weir demo fault slow-consumer on${flag}`,
    'Notifications are printed here as they are sent.',
  ].join('\n');
}

function hours(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 24 * 7)) throw new InvalidArgumentError('write hours between 0 and 168.');
  return value;
}

function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('write on or off.');
  return text === 'on';
}
