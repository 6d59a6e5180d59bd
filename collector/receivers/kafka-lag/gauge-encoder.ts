/** `string` attributes and one `int`: what all points of this receiver carry. */
export type TextAttributes = Readonly<Record<string, string>>;

const REQUEST_POINTS = 25_000;
const REQUEST_BYTES = 4 * 1024 * 1024;

const LENGTH = 2;
const FIXED64 = 1;
/** Field numbers of opentelemetry/proto/metrics/v1/metrics.proto, shifted, with their wire types. */
const GAUGE_POINT = 1 * 8 + LENGTH;
const POINT_TIME = 3 * 8 + FIXED64;
const POINT_DOUBLE = 4 * 8 + FIXED64;
const POINT_INT = 6 * 8 + FIXED64;
const POINT_ATTRIBUTES = 7 * 8 + LENGTH;

/**
 * OTLP export requests of gauges, written straight to protobuf bytes: a round of a large cluster has a million points,
 * and no object is made for any of them. A request is handed on when it is full, so that few are in memory at once.
 */
export class GaugeEncoder {
  readonly #head: Buffer;
  readonly #scope: Buffer;
  readonly #consume: (request: Buffer) => Promise<unknown>;
  #metrics: Buffer[] = [];
  #metricBytes = 0;
  #pending = 0;
  #name = '';
  #unit = '';
  #bytes = Buffer.allocUnsafe(256 * 1024);
  #at = 0;
  #open = 0;
  #seconds = 0;
  #nanos = 0n;
  /** Points written so far. */
  points = 0;

  constructor(options: {
    readonly resource: TextAttributes;
    readonly scope: string;
    readonly consume: (request: Buffer) => Promise<unknown>;
  }) {
    const attributes = Object.entries(options.resource).map(([key, value]) => field(1, textAttribute(key, value)));
    const resource = field(1, Buffer.concat(attributes));
    const scope = field(1, field(1, Buffer.from(options.scope)));
    this.#head = resource;
    this.#scope = scope;
    this.#consume = options.consume;
  }

  /** The metric and the time (unix milliseconds) of the points that follow. */
  metric(name: string, unit: string, time: number): void {
    if (name !== this.#name || unit !== this.#unit) this.#close();
    this.#name = name;
    this.#unit = unit;
    this.time(time);
  }

  /** The time of the points that follow. */
  time(time: number): void {
    if (time === this.#seconds) return;
    this.#seconds = time;
    this.#nanos = BigInt(Math.round(time)) * 1_000_000n;
  }

  /** A whole number. `attributes` is what `encodeAttributes` gave; `partition` -1 stands for none. */
  int(attributes: Buffer, partition: number, value: number): void {
    const at = this.#point(attributes, partition, POINT_INT);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#bytes.writeUInt32LE(value - high * 0x1_0000_0000, at);
    this.#bytes.writeInt32LE(high, at + 4);
  }

  double(attributes: Buffer, partition: number, value: number): void {
    const at = this.#point(attributes, partition, POINT_DOUBLE);
    this.#bytes.writeDoubleLE(value, at);
  }

  get isFull(): boolean {
    return this.#pending >= REQUEST_POINTS || this.#metricBytes + this.#at >= REQUEST_BYTES;
  }

  /** Hands on what was written, and resolves when that is durable. Rejects as the consumer does. */
  async flush(): Promise<void> {
    if (this.#pending === 0) return;
    this.#close();
    const scoped = Buffer.concat([this.#scope, ...this.#metrics]);
    const request = field(1, Buffer.concat([this.#head, field(2, scoped)]));
    this.#metrics = [];
    this.#metricBytes = 0;
    this.#pending = 0;
    await this.#consume(request);
  }

  /** Writes a point but its value; where the eight bytes of that go. */
  #point(attributes: Buffer, partition: number, valueTag: number): number {
    const own = partition < 0 ? 0 : partitionBytes(partition);
    const size = attributes.length + own + 18;
    this.#reserve(size + 12);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = GAUGE_POINT;
    at = writeVarint(bytes, at, size);
    bytes[at++] = POINT_TIME;
    bytes.writeBigUInt64LE(this.#nanos, at);
    at += 8;
    attributes.copy(bytes, at);
    at += attributes.length;
    if (own > 0) at = writePartition(bytes, at, partition);
    bytes[at++] = valueTag;
    this.#at = at + 8;
    this.#open++;
    this.#pending++;
    this.points++;
    return at;
  }

  #close(): void {
    if (this.#open > 0) {
      const head = [field(1, Buffer.from(this.#name)), field(3, Buffer.from(this.#unit))];
      const gauge = field(5, this.#bytes.subarray(0, this.#at));
      const metric = field(2, Buffer.concat([...head, gauge]));
      this.#metrics.push(metric);
      this.#metricBytes += metric.length;
    }
    this.#at = 0;
    this.#open = 0;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Attributes as the points of a metric carry them, to be used for many points. */
export function encodeAttributes(attributes: TextAttributes): Buffer {
  const encoded = Object.entries(attributes).map(([key, value]) => textAttribute(key, value));
  return Buffer.concat(encoded.map((bytes) => Buffer.concat([tagged(POINT_ATTRIBUTES, bytes.length), bytes])));
}

/** KeyValue { key, value: AnyValue { string_value } } */
function textAttribute(key: string, value: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]);
}

const PARTITION_KEY = field(1, Buffer.from('partition'));

/** Bytes of the attribute `partition`, an int: tag, length, key, then AnyValue { int_value }. */
function partitionBytes(partition: number): number {
  return 2 + PARTITION_KEY.length + 3 + varintBytes(partition);
}

function writePartition(bytes: Buffer, from: number, partition: number): number {
  let at = from;
  const digits = varintBytes(partition);
  bytes[at++] = POINT_ATTRIBUTES;
  bytes[at++] = PARTITION_KEY.length + 3 + digits;
  PARTITION_KEY.copy(bytes, at);
  at += PARTITION_KEY.length;
  bytes[at++] = 2 * 8 + LENGTH;
  bytes[at++] = 1 + digits;
  bytes[at++] = 3 * 8;
  return writeVarint(bytes, at, partition);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([tagged(number * 8 + LENGTH, content.length), content]);
}

function tagged(tag: number, length: number): Buffer {
  const bytes = Buffer.alloc(1 + varintBytes(length));
  bytes[0] = tag;
  writeVarint(bytes, 1, length);
  return bytes;
}

function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest >>>= 7) size++;
  return size;
}

function writeVarint(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}
