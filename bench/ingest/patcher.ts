import { FIELDS, type Field, type Mark } from './message.ts';
import type { Random } from './random.ts';

/** Four hex digits of each number below 65536, as the little-endian word that writes them. */
const HEX = Uint32Array.from({ length: 65_536 }, (_, i) =>
  Buffer.from(i.toString(16).padStart(4, '0')).readUInt32LE(0),
);
/** Places of the eight groups of four digits in a UUID. */
const UUID_GROUPS = [0, 4, 9, 14, 19, 24, 28, 32] as const;
const TWO_32 = 4_294_967_296;

interface Places {
  readonly offset: Int32Array;
  readonly key: Int32Array;
  readonly value: Float64Array;
}

/**
 * Writes fresh ids, times and values into a prebuilt message, in place: some ten nanoseconds for each field, so that
 * a generator takes little of the machine it measures and no two sends hold the same data.
 */
export class Patcher {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #places = new Map<Field, Places>();
  readonly #random: Random;
  readonly #spread: number;
  readonly #traces: number;
  readonly #traceIds: Uint32Array;
  readonly #spanIds: Uint32Array;
  /** For each trace, how much faster or slower it ran this time, and when it began (nanoseconds before now). */
  readonly #scale: Float64Array;
  readonly #began: Float64Array;
  #sends = 0;

  /** `spread` is how far back in time a trace may have begun, nanoseconds. */
  constructor(bytes: Uint8Array, marks: readonly Mark[], random: Random, spread = 200e6) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#random = random;
    this.#spread = spread;
    for (const field of FIELDS) {
      const some = marks.filter((mark) => mark.field === field);
      this.#places.set(field, {
        offset: Int32Array.from(some, ({ offset }) => offset),
        key: Int32Array.from(some, ({ key }) => key),
        value: Float64Array.from(some, ({ value }) => value),
      });
    }
    const most = (field: Field) => (this.#places.get(field) as Places).key.reduce((a, b) => Math.max(a, b), -1) + 1;
    this.#traces = Math.max(most('trace_id'), most('time'));
    this.#traceIds = new Uint32Array(this.#traces * 4);
    this.#spanIds = new Uint32Array(most('span_id') * 2);
    this.#scale = new Float64Array(this.#traces);
    this.#began = new Float64Array(this.#traces);
  }

  /** Makes the message new, as told at `now` (unix nanoseconds). */
  patch(now: bigint): void {
    this.#draw();
    this.#ids();
    this.#times(now);
    this.#texts();
    this.#values();
    this.#sends++;
  }

  #draw(): void {
    const random = this.#random;
    for (let i = 0; i < this.#traceIds.length; i++) this.#traceIds[i] = random.word();
    for (let i = 0; i < this.#spanIds.length; i++) this.#spanIds[i] = random.word();
    for (let i = 0; i < this.#traces; i++) {
      this.#scale[i] = 0.5 + random.skewed();
      this.#began[i] = -random.unit() * this.#spread;
    }
  }

  #ids(): void {
    const view = this.#view;
    const traces = this.#places.get('trace_id') as Places;
    for (let i = 0; i < traces.offset.length; i++) {
      const at = traces.offset[i] as number;
      const word = (traces.key[i] as number) * 4;
      view.setUint32(at, this.#traceIds[word] as number);
      view.setUint32(at + 4, this.#traceIds[word + 1] as number);
      view.setUint32(at + 8, this.#traceIds[word + 2] as number);
      view.setUint32(at + 12, this.#traceIds[word + 3] as number);
    }
    const spans = this.#places.get('span_id') as Places;
    for (let i = 0; i < spans.offset.length; i++) {
      const at = spans.offset[i] as number;
      const word = (spans.key[i] as number) * 2;
      view.setUint32(at, this.#spanIds[word] as number);
      view.setUint32(at + 4, this.#spanIds[word + 1] as number);
    }
  }

  /** `key` is the trace, `value` the nanoseconds after its beginning; a negative key has the time of sending itself. */
  #times(now: bigint): void {
    const high = Number(now >> 32n);
    const low = Number(now & 0xffff_ffffn);
    const { offset, key, value } = this.#places.get('time') as Places;
    for (let i = 0; i < offset.length; i++) {
      const trace = key[i] as number;
      const after =
        trace < 0
          ? (value[i] as number)
          : (this.#began[trace] as number) + (value[i] as number) * (this.#scale[trace] as number);
      const sum = low + Math.floor(after);
      const at = offset[i] as number;
      this.#view.setUint32(at, sum, true);
      this.#view.setUint32(at + 4, high + Math.floor(sum / TWO_32), true);
    }
  }

  #texts(): void {
    const view = this.#view;
    const random = this.#random;
    const uuids = this.#places.get('uuid') as Places;
    for (let i = 0; i < uuids.offset.length; i++) {
      const at = uuids.offset[i] as number;
      for (let g = 0; g < 8; g += 2) {
        const word = random.word();
        view.setUint32(at + (UUID_GROUPS[g] as number), HEX[word & 0xffff] as number, true);
        view.setUint32(at + (UUID_GROUPS[g + 1] as number), HEX[word >>> 16] as number, true);
      }
    }
    const hex = this.#places.get('hex') as Places;
    for (let i = 0; i < hex.offset.length; i++) {
      const end = (hex.offset[i] as number) + (hex.value[i] as number);
      for (let at = hex.offset[i] as number; at < end; at += 4) {
        view.setUint32(at, HEX[random.word() & 0xffff] as number, true);
      }
    }
    const digits = this.#places.get('digits') as Places;
    for (let i = 0; i < digits.offset.length; i++) {
      let rest = random.word();
      const first = digits.offset[i] as number;
      for (let at = first + (digits.value[i] as number) - 1; at > first; at--) {
        this.#bytes[at] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      this.#bytes[first] = 49 + (rest % 9);
    }
    const varints = this.#places.get('varint') as Places;
    for (let i = 0; i < varints.offset.length; i++) {
      // Three bytes that go on and a last one that is neither 0 nor goes on.
      view.setUint32(varints.offset[i] as number, (random.word() & 0x7fff_ffff) | 0x0180_8080, true);
    }
  }

  #values(): void {
    const view = this.#view;
    const random = this.#random;
    const gauges = this.#places.get('gauge') as Places;
    for (let i = 0; i < gauges.offset.length; i++) {
      const value = (gauges.value[i] as number) * (0.9 + random.unit() * 0.2);
      view.setFloat64(gauges.offset[i] as number, Math.round(value * 1000) / 1000, true);
    }
    const counters = this.#places.get('counter') as Places;
    for (let i = 0; i < counters.offset.length; i++) {
      const value = this.#sends * (counters.value[i] as number) + random.whole(counters.value[i] as number);
      view.setFloat64(counters.offset[i] as number, value, true);
    }
    this.#buckets('buckets', 'buckets_total', 1);
    this.#buckets('wide_buckets', 'wide_buckets_total', 8);
  }

  /** `value` buckets of `width` bytes in the shape of a hump, of which the first byte counts, and their sum as fixed64. */
  #buckets(field: Field, total: Field, width: number): void {
    const { offset, value } = this.#places.get(field) as Places;
    const totals = (this.#places.get(total) as Places).offset;
    for (let i = 0; i < offset.length; i++) {
      const count = value[i] as number;
      const start = offset[i] as number;
      let word = 0;
      let sum = 0;
      for (let b = 0; b < count; b++) {
        if ((b & 3) === 0) word = this.#random.word();
        const bucket = (Math.min(b, count - 1 - b) * 2 + ((word >>> ((b & 3) * 8)) & 15)) & 127;
        this.#bytes[start + b * width] = bucket;
        sum += bucket;
      }
      this.#view.setUint32(totals[i] as number, sum, true);
    }
  }
}
