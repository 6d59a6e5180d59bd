/**
 * Names of topics that hold what could not be handled, by convention: Spring for Apache Kafka (`orders-dlt`, formerly `orders.DLT`), Kafka
 * Connect's usual choice (`dlq-orders`, with headers under `__connect.errors.`), and what most pipelines use (`orders.dlq`,
 * `orders-dead-letter`). A partition's or an attempt's number may follow, as may the `.fifo` of a queue.
 */
const MARK = '(?:dlq|dlt|dead[-_.]?letters?(?:[-_.](?:queue|topic))?)';
const BEHIND = new RegExp(`^(.+)[-_.]${MARK}(?:[-_.]\\d+)?(?:\\.fifo)?$`, 'i');
const BEFORE = new RegExp(`^${MARK}[-_.](.+)$`, 'i');
const ALONE = new RegExp(`^${MARK}$`, 'i');

/** The topic whose dead letters a topic holds ('' where the name says nothing of it); undefined when it holds none. */
export function deadLetterSource(topic: string): string | undefined {
  if (ALONE.test(topic)) return '';
  return (BEHIND.exec(topic) ?? BEFORE.exec(topic))?.[1];
}
