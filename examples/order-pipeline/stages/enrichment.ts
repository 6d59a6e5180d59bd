/** Adds the customer's country to each order; what cannot be read goes to the dead letter topic. */
import { recordError, stage } from '@weir/sdk';
import { ERROR_RATIO, SILENT_DROP_RATIO, SLOW_CONSUMER_FACTOR, WORK } from '../load/work.ts';
import { isActive } from './fault-inbox.ts';
import { parseOrder } from './order.ts';
import { openQueue } from './queue.ts';
import { ready, work } from './work.ts';

const COUNTRIES = ['DE', 'FR', 'IT', 'NL', 'PL', 'ES'];
const queue = await openQueue('enrichment');

const lookUpCountry = stage('look up country', async (customer: string) => {
  await work(WORK.enrichment, isActive('slow-consumer') ? SLOW_CONSUMER_FACTOR : 1);
  if (Math.random() < ERROR_RATIO.enrichment) throw new RangeError(`customer ${customer} is unknown`);
  return COUNTRIES[customer.length % COUNTRIES.length] as string;
});

await queue.read('orders', 'enrichment', async ({ key, value, timestamp }) => {
  try {
    const order = parseOrder(value);
    const country = await lookUpCountry(order.customer);
    if (isActive('silent-drop') && Math.random() < SILENT_DROP_RATIO) return;
    await queue.send('orders.enriched', { key, value: JSON.stringify({ ...order, country }), timestamp });
  } catch (error) {
    recordError(error);
    await queue.send('orders.dlq', { key, value, timestamp });
  }
});
ready(() => queue.close());
