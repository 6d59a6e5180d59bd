import fc from 'fast-check';
import type { AnyValue, InstrumentationScope, KeyValue, Resource } from '../../collector/otlp/model.ts';

/** The clock of random requests; their times lie around it. */
export const NOW = 1_760_000_000_123_456_789n;
const HOUR = 3_600_000_000_000n;
/** Items before and after these are refused as too old and too new. */
export const OLDEST = NOW - 48n * HOUR;
export const NEWEST = NOW + HOUR;

export const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 100, maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'line 1\n\nline 3',
      '\0',
      '\x01\0\x02\x01\x01\0',
      '"\\\b\f\t\u007f\u2028',
      '0',
      'a'.repeat(128),
    ),
  },
);

const SPECIAL_DOUBLES = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e21,
  1e-7,
  5e-324,
  1.7976931348623157e308,
  Number.NaN,
  Infinity,
  -Infinity,
];
export const double = fc.oneof(
  fc.double(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.constantFrom(...SPECIAL_DOUBLES),
);
export const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: -200, max: 200 }).map(BigInt),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n),
);
export const count64 = fc.oneof(
  { weight: 5, arbitrary: fc.nat(1000).map(BigInt) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
);
export const uint32 = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const bytes = fc.uint8Array({ maxLength: 24 });

const time = fc.bigInt({ min: OLDEST, max: NEWEST });
/** Times of items: nearly all good, some unset, before 1970, past 2106, too old or too new. */
export const itemTime = fc.oneof(
  { weight: 30, arbitrary: time },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0n, 1n, OLDEST - 1n, OLDEST, NEWEST, NEWEST + 1n, 2n ** 63n, 2n ** 64n - 1n),
  },
  { weight: 1, arbitrary: fc.constantFrom(4_294_967_296_000_000_000n, 4_294_967_295_999_999_999n) },
);
/** Times that may be unset: of events, starts of intervals, exemplars. */
export const innerTime = fc.oneof(
  { weight: 30, arbitrary: time },
  { weight: 4, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 4_294_967_295_999_999_999n, 4_294_967_296_000_000_000n, 2n ** 64n - 1n) },
);

function id(digits: number): fc.Arbitrary<string> {
  const good = fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((id) => Buffer.from(id).toString('hex'));
  return fc.oneof({ weight: 60, arbitrary: good }, { weight: 1, arbitrary: badId(digits) });
}

function badId(digits: number): fc.Arbitrary<string> {
  return fc.constantFrom('', '00', '0'.repeat(digits), 'ab'.repeat(digits / 2 + 1), 'cd'.repeat(digits / 2 - 1));
}

export const traceId = id(32);
export const spanId = id(16);
/** Ids that need not be there. */
export const looseTraceId = fc.oneof(
  { weight: 6, arbitrary: traceId },
  { weight: 2, arbitrary: fc.constantFrom('', '0'.repeat(32)) },
);
export const looseSpanId = fc.oneof(
  { weight: 6, arbitrary: spanId },
  { weight: 2, arbitrary: fc.constantFrom('', '0'.repeat(16)) },
);

/** A record whose properties may each be absent. */
export function partial<T>(properties: { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> }): fc.Arbitrary<T> {
  return fc.record(properties as never, { requiredKeys: [] }) as fc.Arbitrary<T>;
}

const scalarValue: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 8, arbitrary: text.map((stringValue) => ({ stringValue })) },
  { weight: 2, arbitrary: fc.boolean().map((boolValue) => ({ boolValue })) },
  { weight: 3, arbitrary: int64.map((intValue) => ({ intValue })) },
  { weight: 3, arbitrary: double.map((doubleValue) => ({ doubleValue })) },
  { weight: 1, arbitrary: bytes.map((bytesValue) => ({ bytesValue })) },
  { weight: 1, arbitrary: fc.constant({}) },
);

const { nested } = fc.letrec<{ nested: AnyValue; pair: KeyValue }>((tie) => ({
  nested: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 3, arbitrary: scalarValue },
    {
      weight: 1,
      arbitrary: partial({ values: fc.array(tie('nested'), { maxLength: 4 }) }).map((arrayValue) => ({ arrayValue })),
    },
    {
      weight: 1,
      arbitrary: partial({ values: fc.array(tie('pair'), { maxLength: 4 }) }).map((kvlistValue) => ({ kvlistValue })),
    },
  ),
  pair: partial<KeyValue>({
    key: fc.oneof(fc.constantFrom('k', 'K', 'k2', '10', '9', '\u{1f680}', '\uffee'), text),
    value: tie('nested'),
  }),
}));

export const anyValue: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 5, arbitrary: scalarValue },
  { weight: 1, arbitrary: nested },
);

/** Keys that repeat within one list and across items, keys that sort differently by code unit, and any others. */
const COMMON_KEYS = ['a', 'b', 'aa', 'B', 'user.id', 'thread.name', '10', '9', '', '\u{1f680}', '\uffee', '__proto__'];
const anyPair = partial<KeyValue>({ key: fc.oneof(fc.constantFrom(...COMMON_KEYS), text), value: anyValue });

/** Keys the reader derives columns from, with values that decide the branches. */
function knownPair(keys: readonly string[], values: fc.Arbitrary<AnyValue>): fc.Arbitrary<KeyValue> {
  return fc.record({ key: fc.constantFrom(...keys), value: values });
}

const NAMES = [
  'orders',
  'payments',
  'kafka',
  'postgresql',
  'shop',
  '0',
  '15',
  '',
  'send',
  'publish',
  'GET',
  '/orders/{id}',
];
const name: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...NAMES).map((stringValue) => ({ stringValue })) },
  { weight: 1, arbitrary: scalarValue },
);
const number: fc.Arbitrary<AnyValue> = fc.oneof(
  fc.constantFrom(0n, 1n, 7n, 100n, 200n, 404n, 499n, 500n, 503n, -1n).map((intValue) => ({ intValue })),
  fc.constantFrom('', '12', '200', '500', '50', '6', 'many', '1.5').map((stringValue) => ({ stringValue })),
);
const eventTime: fc.Arbitrary<AnyValue> = fc.oneof(
  fc.nat().map((offset) => ({ intValue: NOW / 1_000_000n - BigInt(offset) })),
  fc.constantFrom({ stringValue: '1760000000000' }, { stringValue: 'soon' }, { intValue: -5n }, { doubleValue: 1.5 }),
);

const DESTINATIONS = [
  ...['messaging.system', 'messaging.destination.name', 'messaging.destination', 'db.system.name', 'db.system'],
  ...[
    'db.namespace',
    'db.name',
    'peer.service',
    'server.address',
    'net.peer.name',
    'http.request.method',
    'http.method',
  ],
  ...['rpc.system.name', 'rpc.system', 'messaging.consumer.group.name', 'messaging.kafka.consumer.group'],
  ...['messaging.consumer_group', 'http.route', 'error.type', 'db.collection.name', 'db.sql.table'],
  ...['messaging.operation.type', 'messaging.operation', 'messaging.operation.name', 'db.operation.name'],
];
const SERIES = ['weir.signal', 'topic', 'group', 'partition', 'messaging.destination.partition.id'];

const itemPair = fc.oneof(
  { weight: 5, arbitrary: anyPair },
  { weight: 4, arbitrary: knownPair(DESTINATIONS, name) },
  { weight: 1, arbitrary: knownPair(SERIES, name) },
  {
    weight: 1,
    arbitrary: knownPair(['http.response.status_code', 'http.status_code', 'messaging.batch.message_count'], number),
  },
  { weight: 1, arbitrary: knownPair(['weir.event.time'], eventTime) },
);
/** Attributes of items. */
export const attributes = fc.array(itemPair, { maxLength: 9 });
export const fewAttributes = fc.array(anyPair, { maxLength: 3 });

const RESOURCE_KEYS = ['service.name', 'service.namespace', 'weir.pipeline', 'weir.origin', 'weir.console.url'];
export const resource: fc.Arbitrary<Resource> = partial<Resource>({
  attributes: fc.array(
    fc.oneof({ weight: 3, arbitrary: knownPair(RESOURCE_KEYS, name) }, { weight: 2, arbitrary: anyPair }),
    { maxLength: 6 },
  ),
  droppedAttributesCount: uint32,
  entityRefs: fc.array(
    partial({
      schemaUrl: text,
      type: text,
      idKeys: fc.array(text, { maxLength: 3 }),
      descriptionKeys: fc.array(text, { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
});
export const scope: fc.Arbitrary<InstrumentationScope> = partial<InstrumentationScope>({
  name: text,
  version: text,
  attributes: fewAttributes,
  droppedAttributesCount: uint32,
});
