// The columns of `spans`.

import { array, Column, fixed, low, map, newTable, Rows, text } from './columns';

export const spanRows: Rows = newTable(2);
export const startTimes: Column = fixed(spanRows, 8, 'Timestamp', 'DateTime64(9)');
export const traceIds: Column = fixed(spanRows, 16, 'TraceId', 'FixedString(16)');
export const spanIds: Column = fixed(spanRows, 8, 'SpanId', 'FixedString(8)');
export const parentIds: Column = fixed(spanRows, 8, 'ParentSpanId', 'FixedString(8)');
export const traceStates: Column = text(spanRows, 'TraceState');
export const spanFlags: Column = fixed(spanRows, 4, 'Flags', 'UInt32');
export const spanNames: Column = low(spanRows, 'SpanName');
export const spanKinds: Column = fixed(spanRows, 1, 'SpanKind',
  "Enum8('Unspecified' = 0, 'Internal' = 1, 'Server' = 2, 'Client' = 3, 'Producer' = 4, 'Consumer' = 5)");
export const services: Column = low(spanRows, 'ServiceName');
export const pipelines: Column = low(spanRows, 'Pipeline');
export const scopes: Column = fixed(spanRows, 8, 'ScopeId', 'UInt64');
export const durations: Column = fixed(spanRows, 8, 'Duration', 'UInt64');
export const statusCodes: Column = fixed(spanRows, 1, 'StatusCode', "Enum8('Unset' = 0, 'Ok' = 1, 'Error' = 2)");
export const statusMessages: Column = text(spanRows, 'StatusMessage');
export const attributeKeys: Column = low(spanRows, 'AttributeKeys');
export const attributeValues: Column = text(spanRows, 'AttributeValues');
export const droppedAttributes: Column = fixed(spanRows, 4, 'DroppedAttributes', 'UInt32');
export const lostEvents: Column = fixed(spanRows, 4, 'DroppedEvents', 'UInt32');
export const lostLinks: Column = fixed(spanRows, 4, 'DroppedLinks', 'UInt32');

export const eventLists: Column = array(spanRows, 'Events', 'Array(Tuple(Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String), DroppedAttributes UInt32))');
export const events: Rows = eventLists.child;
export const eventTimes: Column = fixed(events, 8, '', '');
export const eventNames: Column = low(events, '');
export const eventAttributes: Column = map(events, '');
export const eventDropped: Column = fixed(events, 4, '', '');

export const linkLists: Column = array(spanRows, 'Links', 'Array(Tuple(TraceId FixedString(16), SpanId FixedString(8), TraceState String, Attributes Map(LowCardinality(String), String), DroppedAttributes UInt32, Flags UInt32))');
export const links: Rows = linkLists.child;
export const linkTraces: Column = fixed(links, 16, '', '');
export const linkSpans: Column = fixed(links, 8, '', '');
export const linkStates: Column = text(links, '');
export const linkAttributes: Column = map(links, '');
export const linkDropped: Column = fixed(links, 4, '', '');
export const linkFlags: Column = fixed(links, 4, '', '');

export const destinations: Column = low(spanRows, 'Destination');
export const destinationSystems: Column = low(spanRows, 'DestinationSystem');
export const destinationKinds: Column = fixed(spanRows, 1, 'DestinationKind',
  "Enum8('' = 0, 'topic' = 1, 'database' = 2, 'external' = 3)");
export const consumerGroups: Column = low(spanRows, 'ConsumerGroup');
export const messages: Column = fixed(spanRows, 4, 'Messages', 'UInt32');
export const eventTimesMs: Column = fixed(spanRows, 8, 'EventTime', 'UInt64');
export const httpStatuses: Column = fixed(spanRows, 2, 'HttpStatus', 'UInt16');
export const httpRoutes: Column = low(spanRows, 'HttpRoute');
export const errorTypes: Column = low(spanRows, 'ErrorType');
export const dbCollections: Column = low(spanRows, 'DbCollection');
