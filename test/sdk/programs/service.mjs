import { consume, shutdown } from '@weir/sdk';

// A long-running stage. HANDLER=1: it has a SIGTERM handler of its own. EXIT=1: it ends with process.exit.
const handle = (group) => consume({ system: 'rabbitmq', destination: 'orders', group }, () => {});
handle('before');
const timer = setInterval(() => {}, 1000);
if (process.env.HANDLER) {
  process.on('SIGTERM', () => {
    handle('draining');
    clearInterval(timer);
    console.log('drained');
  });
}
if (process.env.EXIT) {
  await shutdown();
  process.exit(3);
}
console.log('ready');
