import type { RejectionReason } from '../otlp/rejections.ts';

// The lists stand in the order of the numbers that the module (assembly/host.ts, assembly/items.ts) tells.

export const REASONS = [
  'invalid_trace_id',
  'invalid_span_id',
  'invalid_time',
  'missing_name',
  'missing_value',
  'invalid_buckets',
  'too_old',
  'too_new',
  'filtered',
  'cardinality',
] as const satisfies readonly RejectionReason[];

const TIMES = ['the start time', 'the end time', 'the time'] as const;
const IDS = [
  { name: 'the trace id', bytes: 16 },
  { name: 'the span id', bytes: 8 },
  { name: 'the parent span id', bytes: 8 },
  { name: 'the trace id of a link', bytes: 16 },
  { name: 'the span id of a link', bytes: 8 },
] as const;

const WORDS: Readonly<Partial<Record<RejectionReason, (value: bigint) => string>>> = {
  too_old: (time) => `the time ${time} is older than what is taken`,
  too_new: (time) => `the time ${time} lies in the future`,
  filtered: () => 'a filter drops it',
  cardinality: () => 'its source has too many series',
};

/** Why an item is refused, in words. `fault` is a number below 256, and 256 times the place of a name. */
export function faultWords(reason: RejectionReason, fault: number, value: bigint): string {
  const name = fault >>> 8;
  switch (fault & 0xff) {
    case 1:
      return `${TIMES[name]} is not set`;
    case 2:
      return `${TIMES[name]} ${value} lies after the year 2105`;
    case 3:
      return idWords(name, Number(value));
    case 4:
      return 'the span ends before it starts';
    case 5:
      return 'an event lies after the year 2105';
    case 16:
      return 'a metric has no name';
    case 17:
      return 'the start time lies after the year 2105';
    case 18:
      return 'an exemplar lies after the year 2105';
    case 19:
      return 'the point has no value';
    case 20:
      return `${value >> 32n} bucket counts do not fit ${value & 0xffffffffn} bounds`;
    case 21:
      return 'the bounds do not ascend';
    case 22:
      return `the scale ${BigInt.asIntN(64, value)} is outside -10 to 20`;
    case 23:
      return 'the buckets reach beyond the range of doubles';
    case 24:
      return `the point has ${value} buckets or more`;
    default:
      return WORDS[reason]?.(value) ?? reason;
  }
}

function idWords(which: number, size: number): string {
  const { name, bytes } = IDS[which] ?? IDS[0];
  if (size === 0) return `${name} is empty`;
  return size === bytes ? `${name} is all zero` : `${name} has ${size} bytes, not ${bytes}`;
}
