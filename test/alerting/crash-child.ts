import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import { silentTelemetry } from '../../core/telemetry.ts';

/** A whole alerting role in a process of its own, to be killed: `crash-child.ts <dataDir> <webhook url>`. */
const [dataDir = '', hook = ''] = process.argv.slice(2);
const alerting = createAlerting({
  config: alertingConfig.parse({
    listen: { port: 0 },
    route: { receiver: 'hook', group_wait: '100ms', group_interval: '500ms' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: hook }] }],
  }),
  dataDir,
  telemetry: silentTelemetry(),
});
await alerting.start();
process.stdout.write(`${alerting.url()}\n`);
