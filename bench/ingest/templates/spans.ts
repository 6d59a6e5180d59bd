import { type Attributes, freshDigits, freshInteger, freshUuid, Message } from '../message.ts';
import type { Random } from '../random.ts';
import { type ServiceShape, serviceShapes } from './services.ts';

/** Kinds of OTLP, by what the span does. */
const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const SPANS_OF_TRACE = 10;

interface SpanShape {
  readonly service: ServiceShape;
  readonly trace: number;
  readonly span: number;
  /** Index of the parent within the request; -1 for the root. */
  readonly parent: number;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  /** Nanoseconds after the trace began. */
  readonly start: number;
  readonly end: number;
}

/**
 * One request of `count` spans as a gateway collector sends them: traces of ten spans over `width` services, each service's
 * spans under its resource. 14.2 attributes, 0.12 events and 0.17 links for a span, 700 bytes.
 */
export function spanRequest(random: Random, count: number, width: number): Message {
  const all = serviceShapes(random);
  const first = random.whole(all.length);
  // 7 and 50 have no divisor in common, so that every step meets another service.
  const services = Array.from({ length: width }, (_, i) => all[(first + i * 7) % all.length] as ServiceShape);
  const shapes: SpanShape[] = [];
  for (let span = 0; span < count; span++) shapes.push(spanShape(random, services, shapes, span));
  const request = new Message();
  for (const service of services) {
    const [scopeName, scopeVersion] = service.scope;
    const scopeSpans = new Message().nested(1, new Message().text(1, scopeName).text(2, scopeVersion));
    for (const shape of shapes) if (shape.service === service) scopeSpans.nested(2, spanMessage(random, shape));
    scopeSpans.text(3, 'https://opentelemetry.io/schemas/1.44.0');
    request.nested(
      1,
      new Message()
        .nested(1, new Message().attributes(1, service.resource))
        .nested(2, scopeSpans)
        .text(3, 'https://opentelemetry.io/schemas/1.44.0'),
    );
  }
  return request;
}

function spanShape(
  random: Random,
  services: readonly ServiceShape[],
  before: readonly SpanShape[],
  span: number,
): SpanShape {
  const trace = Math.floor(span / SPANS_OF_TRACE);
  const place = span % SPANS_OF_TRACE;
  const parent = place === 0 ? -1 : trace * SPANS_OF_TRACE + random.whole(place);
  const above = before[parent];
  const service = random.unit() < 0.4 && above !== undefined ? above.service : random.pick(services);
  const start = above === undefined ? 0 : above.start + random.unit() * (above.end - above.start) * 0.5;
  const room = above === undefined ? 2e6 + random.skewed() * 60e6 : above.end - start;
  const end = start + room * (above === undefined ? 1 : 0.1 + random.unit() * 0.85);
  const told = place === 0 ? serverSpan(random, service) : otherSpan(random, service);
  return { service, trace, span, parent, start, end, ...told };
}

type Told = Pick<SpanShape, 'name' | 'kind' | 'attributes'>;

function otherSpan(random: Random, service: ServiceShape): Told {
  const dice = random.unit();
  if (dice < 0.22) return serverSpan(random, service);
  if (dice < 0.44) return clientSpan(random, service);
  if (dice < 0.7) return databaseSpan(random, service);
  if (dice < 0.8) return producerSpan(random, service);
  if (dice < 0.9) return consumerSpan(random, service);
  return internalSpan(random, service);
}

function threads(random: Random): Attributes {
  return { 'thread.id': 20 + random.whole(200), 'thread.name': `http-nio-8080-exec-${random.whole(64)}` };
}

function serverSpan(random: Random, service: ServiceShape): Told {
  const operation = random.whole(20);
  const route = service.routes[operation] as string;
  const method = ['GET', 'GET', 'GET', 'POST', 'PUT'][operation % 5] as string;
  return {
    name: `${method} ${route}`,
    kind: KIND.server,
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': random.pick([200, 200, 200, 200, 200, 201, 204, 404, 500]),
      'url.path': route.replace('{id}', `${random.word()}`),
      'server.address': `${service.name}.shop.svc.cluster.local`,
      'server.port': 8080,
      'client.address': `10.${random.whole(250)}.${random.whole(250)}.${random.whole(250)}`,
      'network.protocol.version': '1.1',
      'user_agent.original':
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36',
      'http.request.header.x_request_id': freshUuid,
      'app.tenant.id': `tenant-${random.whole(2000)}`,
      'app.user.id': freshDigits(8),
      'http.response.body.size': freshInteger,
      ...threads(random),
    },
  };
}

function clientSpan(random: Random, service: ServiceShape): Told {
  const method = random.pick(['GET', 'GET', 'POST']);
  const host = `${service.name.replace('-service', '')}-upstream.shop.svc.cluster.local`;
  return {
    name: method,
    kind: KIND.client,
    attributes: {
      'http.request.method': method,
      'http.response.status_code': random.pick([200, 200, 200, 200, 503]),
      'url.full': `https://${host}${(service.routes[random.whole(20)] as string).replace('{id}', String(random.word()))}`,
      'server.address': host,
      'server.port': 443,
      'network.protocol.version': '2',
      'network.peer.address': `10.${random.whole(250)}.3.${random.whole(250)}`,
      'http.request.resend_count': random.whole(2),
      'http.request.header.x_request_id': freshUuid,
      'app.tenant.id': `tenant-${random.whole(2000)}`,
      'peer.service': host.split('.')[0] as string,
      ...threads(random),
    },
  };
}

function databaseSpan(random: Random, service: ServiceShape): Told {
  const noun = service.name.split('-')[0] as string;
  const verb = random.pick(['SELECT', 'SELECT', 'SELECT', 'INSERT', 'UPDATE']);
  const table = `${noun}_${random.pick(['items', 'events', 'state', 'history'])}`;
  return {
    name: `${verb} ${table}`,
    kind: KIND.client,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': noun,
      'db.collection.name': table,
      'db.operation.name': verb,
      'db.query.text': `${verb} ${table} WHERE tenant_id = ? AND id = ? AND updated_at > ? ORDER BY updated_at LIMIT ?`,
      'db.query.summary': `${verb} ${table}`,
      'db.response.returned_rows': random.whole(100),
      'server.address': `${noun}-db-primary.rds.internal`,
      'server.port': 5432,
      'network.peer.address': `10.9.${random.whole(4)}.${random.whole(250)}`,
      'app.row.key': freshUuid,
      'app.connection.wait_us': freshInteger,
      ...threads(random),
    },
  };
}

function messaging(random: Random, noun: string, operation: 'send' | 'process'): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.destination.name': `${noun}.events`,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.partition.id': String(random.whole(48)),
    'messaging.kafka.offset': freshInteger,
    'messaging.kafka.message.key': freshUuid,
    'messaging.message.body.size': 100 + random.whole(4000),
    'messaging.client.id': `${noun}-${random.whole(40)}`,
    'server.address': `kafka-${random.whole(9)}.kafka.svc.cluster.local`,
    'server.port': 9092,
  };
}

function producerSpan(random: Random, service: ServiceShape): Told {
  const noun = service.name.split('-')[0] as string;
  const attributes = { ...messaging(random, noun, 'send'), 'app.event.type': `${noun}.changed`, ...threads(random) };
  return { name: `send ${noun}.events`, kind: KIND.producer, attributes };
}

function consumerSpan(random: Random, service: ServiceShape): Told {
  const noun = service.name.split('-')[0] as string;
  const attributes = {
    ...messaging(random, noun, 'process'),
    'messaging.consumer.group.name': `${noun}-projector`,
    'messaging.batch.message_count': 1 + random.whole(100),
    'app.tenant.id': `tenant-${random.whole(2000)}`,
    ...threads(random),
  };
  return { name: `process ${noun}.events`, kind: KIND.consumer, attributes };
}

function internalSpan(random: Random, service: ServiceShape): Told {
  const method = random.pick(['validate', 'enrich', 'serialize', 'authorize', 'price']);
  const attributes = {
    'code.function.name': `com.shop.${service.name.split('-')[0]}.Handler.${method}`,
    'code.file.path': 'Handler.java',
    'code.line.number': 10 + random.whole(900),
    'app.tenant.id': `tenant-${random.whole(2000)}`,
    'app.correlation.id': freshUuid,
    'app.feature.flags': ['new-pricing', 'fast-path'],
    'app.retry': random.whole(3),
    'app.cache.hit': random.unit() < 0.8,
    'app.score': Math.round(random.unit() * 1e4) / 1e4,
    ...threads(random),
  };
  return { name: `Handler.${method}`, kind: KIND.internal, attributes };
}

function spanMessage(random: Random, shape: SpanShape): Message {
  const { trace, start, end } = shape;
  const failed = Number(shape.attributes['http.response.status_code'] ?? 0) >= 500;
  const span = new Message().text(1, Buffer.alloc(16)).mark('trace_id', 16, trace);
  span.text(2, Buffer.alloc(8)).mark('span_id', 8, shape.span);
  if (shape.parent >= 0) span.text(4, Buffer.alloc(8)).mark('span_id', 8, shape.parent);
  span.text(5, shape.name).integer(6, shape.kind);
  span.fixed64(7).mark('time', 8, trace, start).fixed64(8).mark('time', 8, trace, end);
  span.attributes(9, shape.attributes);
  if (random.unit() < 0.12) {
    const attributes = { 'exception.type': 'java.net.SocketTimeoutException', 'exception.message': 'Read timed out' };
    span.nested(
      11,
      new Message()
        .fixed64(1)
        .mark('time', 8, trace, (start + end) / 2)
        .text(2, 'exception')
        .attributes(3, attributes),
    );
  }
  if (shape.kind === KIND.consumer || random.unit() < 0.09) {
    const other = random.whole(trace + 1);
    const link = new Message().text(1, Buffer.alloc(16)).mark('trace_id', 16, other);
    link
      .text(2, Buffer.alloc(8))
      .mark('span_id', 8, other * SPANS_OF_TRACE)
      .attributes(4, { 'link.kind': 'follows_from' });
    span.nested(13, link);
  }
  if (failed) span.nested(15, new Message().text(2, 'upstream failed').integer(3, 2));
  return span.fixed32(16, 0x0301);
}
