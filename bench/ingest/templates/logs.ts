import { freshDigits, freshInteger, freshUuid, Message } from '../message.ts';
import type { Random } from '../random.ts';
import { type ServiceShape, serviceShapes } from './services.ts';

const SEVERITIES = [
  [9, 'INFO'],
  [9, 'INFO'],
  [9, 'INFO'],
  [5, 'DEBUG'],
  [13, 'WARN'],
  [17, 'ERROR'],
] as const;
const BODIES = [
  'order {} accepted for customer {} after the fraud check, total {} cents, handed to fulfilment',
  'cache miss for key {} of customer {}, loaded in {} us from the primary database',
  'request {} of customer {} took {} us, longer than the budget of its route',
  'message {} of customer {} published, {} bytes, acknowledged by all in-sync replicas',
] as const;

/** One request of `count` log records of about 300 bytes, of eight services, in the traces of their spans. */
export function logRequest(random: Random, count: number): Message {
  const all = serviceShapes(random);
  const first = random.whole(all.length);
  const request = new Message();
  for (let s = 0; s < 8; s++) {
    const service = all[(first + s * 6) % all.length] as ServiceShape;
    const scopeLogs = new Message().nested(1, new Message().text(1, `com.shop.${service.name}`));
    for (let record = s; record < count; record += 8) scopeLogs.nested(2, logRecord(random, record));
    request.nested(1, new Message().nested(1, new Message().attributes(1, service.resource)).nested(2, scopeLogs));
  }
  return request;
}

function logRecord(random: Random, record: number): Message {
  const trace = Math.floor(record / 4);
  const [number, text] = random.pick(SEVERITIES);
  const after = random.unit() * 50e6;
  const body = new Message().freshText(1, random.pick(BODIES), [freshUuid, freshDigits(8), freshDigits(6)]);
  return new Message()
    .fixed64(1)
    .mark('time', 8, trace, after)
    .fixed64(11)
    .mark('time', 8, trace, after + 1000)
    .integer(2, number)
    .text(3, text)
    .nested(5, body)
    .attributes(6, {
      'code.function.name': `Handler.${random.pick(['handle', 'load', 'publish'])}`,
      'thread.name': `worker-${random.whole(64)}`,
      'app.attempt': freshInteger,
    })
    .fixed32(8, 1)
    .text(9, Buffer.alloc(16))
    .mark('trace_id', 16, trace)
    .text(10, Buffer.alloc(8))
    .mark('span_id', 8, record);
}
