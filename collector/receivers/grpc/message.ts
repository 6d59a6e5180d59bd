import type { ServerHttp2Stream } from 'node:http2';
import { WeirError } from '../../../core/errors.ts';
import type { Ticket } from '../../admission.ts';
import { malformed } from '../../otlp/decode.ts';
import { Assembly } from '../assembly.ts';
import { assertSize, type Compression, unpack } from '../compression.ts';

/** Before each message: one byte that says whether it is compressed, four of its length. */
const PREFIX = 5;

/** The one message of a unary call, put together from the bytes of its DATA frames, however they are cut. */
export class UnaryMessage {
  readonly #limit: number;
  readonly #ticket: Ticket;
  readonly #prefix = Buffer.alloc(PREFIX);
  #read = 0;
  #length = 0;
  #assembly: Assembly | undefined;

  /** Every byte is counted on `ticket`. */
  constructor(limit: number, ticket: Ticket) {
    this.#limit = limit;
    this.#ticket = ticket;
  }

  get isCompressed(): boolean {
    return this.#prefix[0] === 1;
  }

  /**
   * Throws `collector_request_too_large` as soon as the length is known, `collector_request_malformed`,
   * `collector_overloaded`.
   */
  add(chunk: Buffer): void {
    this.#ticket.grow(chunk.length);
    let at = 0;
    if (this.#assembly === undefined) {
      at = Math.min(PREFIX - this.#read, chunk.length);
      chunk.copy(this.#prefix, this.#read, 0, at);
      this.#read += at;
      if (this.#read < PREFIX) return;
      if ((this.#prefix[0] as number) > 1) throw malformed('a message begins with a flag that gRPC does not know', '');
      this.#length = this.#prefix.readUInt32BE(1);
      assertSize(this.#length, this.#limit);
      this.#assembly = new Assembly(this.#length, this.#ticket);
    }
    const left = chunk.length - at;
    if (left === 0) return;
    if (this.#assembly.bytes + left > this.#length) throw malformed('a call carries more than one message', '');
    this.#assembly.add(at === 0 ? chunk : chunk.subarray(at));
  }

  /** The message's bytes. Throws `collector_request_malformed` when the stream ended inside it. */
  done(): Uint8Array {
    const assembly = this.#assembly;
    if (assembly === undefined || assembly.bytes < this.#length) {
      throw malformed(this.#read === 0 ? 'a call carries no message' : 'the stream ends inside a message', '');
    }
    return assembly.done();
  }
}

export interface MessageOptions {
  readonly limit: number;
  readonly ticket: Ticket;
  readonly compression: Compression | 'identity';
}

/**
 * Reads the message of a unary call. Throws `collector_request_too_large`, `collector_request_malformed`,
 * `collector_overloaded`, `collector_request_aborted`.
 */
export async function readMessage(stream: ServerHttp2Stream, options: MessageOptions): Promise<Uint8Array> {
  const { limit, ticket, compression } = options;
  const message = new UnaryMessage(limit, ticket);
  await collect(stream, message);
  const bytes = message.done();
  if (!message.isCompressed) return bytes;
  if (compression === 'identity') throw malformed('a message is compressed and grpc-encoding does not say how', '');
  return await unpack(compression, bytes, limit, ticket);
}

function collect(stream: ServerHttp2Stream, message: UnaryMessage): Promise<void> {
  return new Promise((done, fail) => {
    let failed = false;
    const stop = (error: unknown) => {
      failed = true;
      fail(error);
    };
    stream.on('data', (chunk: Buffer) => {
      if (failed) return;
      try {
        message.add(chunk);
      } catch (error) {
        stop(error);
      }
    });
    stream.on('end', done);
    const aborted = () => stop(new WeirError('collector_request_aborted', 'the sender gave the call up'));
    stream.on('aborted', aborted);
    stream.on('close', aborted);
  });
}
