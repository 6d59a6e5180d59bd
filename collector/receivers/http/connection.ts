import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Millis } from '../../../core/time.ts';
import type { Ticket } from '../../admission.ts';
import { Assembly } from '../assembly.ts';
import type { Exchange, Exchanges, Reply, RequestHead } from './exchange.ts';
import { LONGEST_HEAD, parseHead } from './head.ts';
import type { Passage } from './passage.ts';

export interface ConnectionTimes {
  /** From a request's first byte, or the connection's beginning, until its head is complete. */
  readonly head: Millis;
  /** From there until its body is complete. */
  readonly body: Millis;
  /** From an answer until the next request's first byte. */
  readonly idle: Millis;
}

export interface ConnectionOptions {
  readonly exchanges: Exchanges;
  readonly times: ConnectionTimes;
  /** Takes the connection over, with the bytes that have come of a request that is not the usual one. */
  readonly handOver: (socket: Socket, bytes: Buffer) => Passage;
}

interface Receiving {
  readonly exchange: Exchange;
  readonly assembly: Assembly;
  missing: number;
}

/** How much may have come of a next request while one is being answered. */
const MOST_AHEAD = 64 * 1024;
/** How long a sender that was refused in the middle of its body may go on reading our answer. */
const LINGER_MS = 1000;
const NOTHING = Buffer.alloc(0);

/**
 * One sender's connection, read without an object, stream or buffer for each piece that comes: the usual request of an
 * OpenTelemetry exporter goes from the socket's one read buffer into its body's. The first request that is not usual
 * takes the connection to Node's HTTP server, for good.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  /** What has come of a head, or of the next request while one is answered. */
  #ahead: Buffer = NOTHING;
  #receiving: Receiving | undefined;
  #answering = false;
  #ended = false;
  #stopping = false;
  /** What came belongs to a request that was refused already. */
  #deaf = false;
  #deadline: Millis;
  /** Where bytes go once Node's HTTP server has the connection. */
  #passage: Passage | undefined;

  /** `socket` has been given `arrived` as its reader, and reads nothing yet. */
  constructor(socket: Socket, options: ConnectionOptions, now: Millis) {
    this.#socket = socket;
    this.#options = options;
    this.#deadline = now + options.times.head;
    socket.on('end', () => this.#senderEnded());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#leave());
  }

  /** Takes bytes that are overwritten afterwards; false when no more may come until the socket is resumed. */
  arrived(bytes: Buffer): boolean {
    if (this.#passage !== undefined) return this.#passage.arrived(Buffer.from(bytes));
    if (this.#deaf) return true;
    if (this.#answering) {
      this.#ahead = Buffer.concat([this.#ahead, bytes]);
      return this.#ahead.length < MOST_AHEAD;
    }
    return this.#read(bytes);
  }

  /** Closes what takes too long. Called about once a second. */
  check(now: Millis): void {
    if (this.#answering || this.#passage !== undefined || now < this.#deadline) return;
    const isIdle = this.#receiving === undefined && this.#ahead.length === 0;
    this.#leave();
    if (isIdle || this.#deaf) this.#socket.destroy();
    else this.#last({ status: 408, headers: {}, body: NOTHING });
  }

  /** Closes the connection now, or after what is being received and answered. */
  stop(): void {
    this.#stopping = true;
    if (!this.#answering && this.#receiving === undefined && this.#passage === undefined) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): boolean {
    let rest = bytes;
    while (rest.length > 0 && !this.#answering && !this.#deaf) {
      rest = this.#receiving === undefined ? this.#takeHead(rest) : this.#takeBody(this.#receiving, rest);
    }
    if (rest.length > 0 && this.#answering) this.#ahead = Buffer.from(rest);
    return this.#ahead.length < MOST_AHEAD;
  }

  /** Reads on in a head; what comes after it. */
  #takeHead(bytes: Buffer): Buffer {
    if (this.#ahead.length === 0) this.#deadline = Date.now() + this.#options.times.head;
    const all = this.#ahead.length === 0 ? bytes : Buffer.concat([this.#ahead, bytes]);
    const end = all.indexOf('\r\n\r\n');
    if (end < 0 && all.length <= LONGEST_HEAD) {
      this.#ahead = all === bytes ? Buffer.from(bytes) : all;
      return NOTHING;
    }
    this.#ahead = NOTHING;
    const head = end < 0 || end > LONGEST_HEAD ? undefined : parseHead(all.toString('latin1', 0, end));
    const receiving = head === undefined ? undefined : this.#begin(head);
    if (receiving === undefined) {
      this.#passage = this.#options.handOver(this.#socket, Buffer.from(all));
      return NOTHING;
    }
    this.#receiving = receiving;
    this.#deadline = Date.now() + this.#options.times.body;
    if (receiving.missing === 0) this.#complete(receiving);
    return all.subarray(end + 4);
  }

  /** Undefined when the request is refused: Node's HTTP server gives that answer. */
  #begin(head: RequestHead): Receiving | undefined {
    const { exchanges } = this.#options;
    const missing = head.length as number;
    let ticket: Ticket | undefined;
    try {
      ticket = exchanges.enter();
      const exchange = exchanges.open(head, ticket);
      return { exchange, assembly: new Assembly(missing, ticket, true), missing };
    } catch {
      ticket?.leave();
      return undefined;
    }
  }

  /** Reads on in a body; what comes after it. */
  #takeBody(receiving: Receiving, bytes: Buffer): Buffer {
    const part = bytes.length > receiving.missing ? bytes.subarray(0, receiving.missing) : bytes;
    const { ticket, head } = receiving.exchange;
    try {
      ticket.grow(part.length);
      receiving.assembly.add(part);
    } catch (error) {
      this.#leave();
      const reply = this.#options.exchanges.refuse(head.signal, head.encoding, error);
      if (reply !== undefined) this.#last(reply);
      return NOTHING;
    }
    receiving.missing -= part.length;
    if (receiving.missing === 0) this.#complete(receiving);
    return bytes.subarray(part.length);
  }

  #complete({ exchange, assembly }: Receiving): void {
    this.#receiving = undefined;
    this.#answering = true;
    const { exchanges } = this.#options;
    const { signal, encoding } = exchange.head;
    exchanges
      .complete(exchange, assembly.done())
      .catch((error: unknown) => exchanges.refuse(signal, encoding, error))
      .then((reply) => {
        exchange.ticket.leave();
        this.#answered(reply);
      });
  }

  #answered(reply: Reply | undefined): void {
    this.#answering = false;
    if (this.#socket.destroyed || reply === undefined) {
      this.#socket.destroy();
      return;
    }
    if (this.#stopping || this.#ended) {
      this.#last(reply);
      return;
    }
    this.#socket.write(responseBytes(reply, 'keep-alive'));
    this.#deadline = Date.now() + this.#options.times.idle;
    const ahead = this.#ahead;
    this.#ahead = NOTHING;
    if (ahead.length === 0 || this.#read(ahead)) this.#socket.resume();
  }

  /** Answers, and closes when the sender has had time to read it, for closing at once could cost it our answer. */
  #last(reply: Reply): void {
    this.#deaf = true;
    this.#deadline = Date.now() + LINGER_MS;
    this.#socket.end(responseBytes(reply, 'close'));
    if (this.#ended) this.#socket.destroySoon();
  }

  #senderEnded(): void {
    this.#ended = true;
    if (this.#passage !== undefined || this.#answering) return;
    this.#leave();
    this.#socket.end();
    this.#socket.destroySoon();
  }

  /** Gives back what a body that will not be completed holds. */
  #leave(): void {
    this.#receiving?.exchange.ticket.leave();
    this.#receiving = undefined;
  }
}

function responseBytes({ status, headers, body }: Reply, connection: 'keep-alive' | 'close'): Buffer {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(
    `content-length: ${body.length}`,
    `date: ${new Date().toUTCString()}`,
    `connection: ${connection}`,
    '',
    '',
  );
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}
