import { messageType } from '../../../collector/otlp/schema.ts';

/** One request of each signal with every field of the protocol in use, in the two spellings of the wire. */

const TRACE_ID = '0102030405060708090a0b0c0d0e0fff';
const SPAN_ID = 'a1a2a3a4a5a6a7a8';
const PARENT_ID = 'b1b2b3b4b5b6b7b8';
/** Past 2^53, so that a double cannot hold it. */
export const START = 1_700_000_000_123_456_789n;
export const END = 1_700_000_000_987_654_321n;

const resourceJson = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'gateway' } },
    { key: 'service.namespace', value: { stringValue: 'orders' } },
  ],
};

const attributesJson = [
  { key: 'z.text', value: { stringValue: 'Grüße 🚀' } },
  { key: 'a.flag', value: { boolValue: true } },
  { key: 'b.count', value: { intValue: '-9223372036854775808' } },
  { key: 'c.ratio', value: { doubleValue: 0.25 } },
  {
    key: 'd.list',
    value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '9007199254740993' }, {}] } },
  },
  {
    key: 'e.map',
    value: {
      kvlistValue: {
        values: [
          { key: 'k2', value: { doubleValue: 1.5 } },
          { key: 'k1', value: { boolValue: false } },
        ],
      },
    },
  },
  { key: 'f.bytes', value: { bytesValue: 'AP8Q' } },
  { key: 'g.empty', value: {} },
];

export const tracesJson = {
  resourceSpans: [
    {
      resource: resourceJson,
      schemaUrl: 'https://schema/resource',
      scopeSpans: [
        {
          scope: { name: 'lib', version: '1.2.3' },
          spans: [
            {
              traceId: TRACE_ID,
              spanId: SPAN_ID,
              parentSpanId: PARENT_ID,
              traceState: 'k=v',
              name: 'GET /orders',
              kind: 2,
              startTimeUnixNano: String(START),
              endTimeUnixNano: String(END),
              attributes: attributesJson,
              events: [
                {
                  timeUnixNano: String(START + 1n),
                  name: 'exception',
                  attributes: [{ key: 'exception.type', value: { stringValue: 'Error' } }],
                },
              ],
              links: [
                {
                  traceId: 'ffffffffffffffffffffffffffffffff',
                  spanId: 'eeeeeeeeeeeeeeee',
                  traceState: 't=1',
                  attributes: [{ key: 'why', value: { stringValue: 'batch' } }],
                  flags: 257,
                },
              ],
              status: { code: 2, message: 'no stock' },
              flags: 257,
              droppedAttributesCount: 1,
            },
          ],
        },
      ],
    },
  ],
};

export const logsJson = {
  resourceLogs: [
    {
      resource: resourceJson,
      schemaUrl: 'https://schema/resource',
      scopeLogs: [
        {
          scope: { name: 'logger', version: '2', attributes: [{ key: 's', value: { stringValue: 'scope' } }] },
          schemaUrl: 'https://schema/scope',
          logRecords: [
            {
              timeUnixNano: String(START),
              observedTimeUnixNano: String(END),
              severityNumber: 17,
              severityText: 'ERROR',
              body: { kvlistValue: { values: [{ key: 'm', value: { stringValue: 'line 1\n\nline 3' } }] } },
              attributes: attributesJson,
              flags: 257,
              traceId: TRACE_ID,
              spanId: SPAN_ID,
              eventName: 'order.refused',
            },
            { observedTimeUnixNano: String(END), body: { stringValue: 'no time of its own' } },
          ],
        },
      ],
    },
  ],
};

const pointJson = {
  attributes: [{ key: 'topic', value: { stringValue: 'orders' } }],
  startTimeUnixNano: String(START),
  timeUnixNano: String(END),
};

const exemplarJson = {
  timeUnixNano: String(END - 5n),
  asDouble: 0.5,
  spanId: SPAN_ID,
  traceId: TRACE_ID,
  filteredAttributes: [{ key: 'user', value: { stringValue: 'u1' } }],
};

export const metricsJson = {
  resourceMetrics: [
    {
      resource: resourceJson,
      schemaUrl: 'https://schema/resource',
      scopeMetrics: [
        {
          scope: {
            name: 'meter',
            version: '3',
            attributes: [{ key: 's', value: { stringValue: 'scope' } }],
            droppedAttributesCount: 4,
          },
          schemaUrl: 'https://schema/scope',
          metrics: [
            {
              name: 'queue.length',
              description: 'Jobs that wait',
              unit: '{job}',
              gauge: { dataPoints: [{ ...pointJson, asInt: '-7', exemplars: [exemplarJson] }] },
            },
            {
              name: 'orders',
              unit: '1',
              sum: {
                dataPoints: [{ ...pointJson, asDouble: 12.5, flags: 0 }],
                aggregationTemporality: 2,
                isMonotonic: true,
              },
            },
            {
              name: 'http.server.request.duration',
              unit: 's',
              histogram: {
                dataPoints: [
                  {
                    ...pointJson,
                    count: '3',
                    sum: 1.75,
                    bucketCounts: ['1', '2', '0'],
                    explicitBounds: [0.5, 1],
                    min: 0.25,
                    max: 1,
                    exemplars: [exemplarJson],
                  },
                ],
                aggregationTemporality: 1,
              },
            },
            {
              name: 'messaging.process.duration',
              unit: 's',
              exponentialHistogram: {
                dataPoints: [
                  {
                    ...pointJson,
                    count: '6',
                    sum: 3.5,
                    scale: -1,
                    zeroCount: '1',
                    positive: { offset: -3, bucketCounts: ['1', '0', '2'] },
                    negative: { offset: 2, bucketCounts: ['2'] },
                    min: -20,
                    max: 0.9,
                    zeroThreshold: 0.001,
                  },
                ],
                aggregationTemporality: 1,
              },
            },
            {
              name: 'gc.pause',
              unit: 's',
              summary: {
                dataPoints: [
                  {
                    ...pointJson,
                    count: '10',
                    sum: 2.5,
                    quantileValues: [
                      { quantile: 0.5, value: 0.1 },
                      { quantile: 0.99, value: 0.9 },
                    ],
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
};

export const REQUEST_TYPES = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
} as const;

export const requestsJson = { traces: tracesJson, metrics: metricsJson, logs: logsJson } as const;

/** The protobuf bytes of a document in OTLP/JSON, written by protobufjs: keys to snake case, ids and base64 to bytes. */
export function toProtobuf(signal: keyof typeof REQUEST_TYPES, json: unknown): Buffer {
  const type = messageType(REQUEST_TYPES[signal]);
  return Buffer.from(type.encode(type.fromObject(snakeCase(json) as object)).finish());
}

function snakeCase(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((element) => snakeCase(element));
  if (typeof value === 'string' && /(?:^t|^s|S)(?:race|pan)Id$/.test(key)) return Buffer.from(value, 'hex');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner, name),
    ]),
  );
}
