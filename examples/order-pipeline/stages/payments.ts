/** Charges each order; what the provider does not take goes to the dead letter topic. */
import { recordError, stage } from '@weir/sdk';
import { ERROR_BURST_RATIO, ERROR_RATIO, WORK } from '../load/work.ts';
import { isActive } from './fault-inbox.ts';
import { type Order, parseOrder } from './order.ts';
import { type Message, openQueue } from './queue.ts';
import { readThroughFaults } from './reader.ts';
import { ready, work } from './work.ts';

class ProviderError extends Error {
  override name = 'ProviderError';
}

const queue = await openQueue('payments');

const charge = stage('charge', async (order: Order) => {
  await work(WORK.payments);
  const failing = isActive('error-burst') ? ERROR_BURST_RATIO : ERROR_RATIO.payments;
  if (Math.random() < failing) throw new ProviderError('the payment provider answered 502');
  return `charge-${order.id}`;
});

const handle = async ({ key, value, timestamp }: Message) => {
  try {
    const order = parseOrder(value);
    const payment = await charge(order);
    await queue.send('payments', { key, value: JSON.stringify({ ...order, payment }), timestamp });
  } catch (error) {
    recordError(error);
    await queue.send('orders.dlq', { key, value, timestamp });
  }
};

const stopReading = await readThroughFaults(() => queue.read('orders.enriched', 'payments', handle), {
  paused: 'paused-consumer',
});
ready(async () => {
  await stopReading();
  await queue.close();
});
