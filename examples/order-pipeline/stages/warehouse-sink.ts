/** Writes paid orders into the warehouse, a SQLite file that answers as slowly as a database over a network. */
import { DatabaseSync } from 'node:sqlite';
import { callDatabase } from '@weir/sdk';
import { SLOW_DATABASE_FACTOR, WORK } from '../load/work.ts';
import { isActive } from './fault-inbox.ts';
import { type Order, parseOrder } from './order.ts';
import { type Message, openQueue } from './queue.ts';
import { readThroughFaults } from './reader.ts';
import { ready, work } from './work.ts';

const KEPT_ORDERS = 10_000;

const database = new DatabaseSync(process.env['WAREHOUSE_FILE'] ?? ':memory:');
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
database.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, country TEXT, amount REAL, placed INTEGER)');
const insert = database.prepare('INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?)');
const forget = database.prepare('DELETE FROM orders WHERE rowid < (SELECT max(rowid) FROM orders) - ?');

async function store(order: Order, placed: number): Promise<void> {
  await callDatabase(
    { system: 'sqlite', database: 'warehouse', operation: 'INSERT', collection: 'orders' },
    async () => {
      await work(WORK.warehouse, isActive('slow-database') ? SLOW_DATABASE_FACTOR : 1);
      insert.run(order.id, order.country ?? '', order.amount, placed);
    },
  );
}

const queue = await openQueue('warehouse-sink');
const handle = async ({ value, timestamp }: Message) => {
  const order = parseOrder(value);
  await work(WORK['warehouse-sink']);
  await store(order, timestamp);
};

const stopReading = await readThroughFaults(() => queue.read('payments', 'warehouse-sink', handle), {
  stopped: 'stopped-consumer',
});

const cleaning = setInterval(() => forget.run(KEPT_ORDERS), 60_000);
ready(async () => {
  clearInterval(cleaning);
  await stopReading();
  await queue.close();
  database.close();
});
