/** What one item may hold. What is over a limit is cut or dropped, never stored, and counted each time it happens. */
export interface ReaderLimits {
  /** Attributes of an item, an event, a link, an exemplar, a resource or a scope; the rest is dropped. */
  readonly attributes: number;
  /** Bytes of an attribute's value or a log's body; the rest is cut off at the boundary of a character. */
  readonly value_bytes: number;
  /** Values within values; a deeper one becomes "...". */
  readonly depth: number;
  /** Events of a span; the rest is dropped. */
  readonly events: number;
  /** Links of a span; the rest is dropped. */
  readonly links: number;
  /** Exemplars of a data point; the rest is dropped. */
  readonly exemplars: number;
  /** Buckets of a data point; a point with more is refused. */
  readonly buckets: number;
  /** Series known at once; above it the oldest knowledge is forgotten and series are told again. */
  readonly series: number;
}

export const LIMIT_NAMES = [
  'attributes',
  'value_bytes',
  'depth',
  'events',
  'links',
  'exemplars',
  'buckets',
  'series',
] as const satisfies readonly (keyof ReaderLimits)[];
export type LimitName = (typeof LIMIT_NAMES)[number];

export const DEFAULT_READER_LIMITS: ReaderLimits = {
  attributes: 1024,
  value_bytes: 65_536,
  depth: 64,
  events: 4096,
  links: 4096,
  exemplars: 1024,
  buckets: 16_384,
  series: 1_000_000,
};
