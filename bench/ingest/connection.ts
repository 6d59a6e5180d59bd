import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Milliseconds the server asks to wait; 0 when it says nothing. */
  readonly retryAfter: number;
  readonly body: Buffer;
}

/**
 * One kept-alive HTTP/1.1 connection without a client library: a request is bytes that are ready, an answer is a status
 * and a body of known length. One request at a time.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { done: (answer: Answer) => void; fail: (error: Error) => void } | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** Rejects when the connection ends before its answer; the next call opens another. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((done, fail) => {
      this.#waiting = { done, fail };
      const socket = this.#socket ?? this.#open();
      socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect(this.#port, this.#host);
    socket.setNoDelay(true);
    this.#received = Buffer.alloc(0);
    let reason: Error | undefined;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => {
      reason = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.fail(reason ?? new Error('the connection ended before the answer'));
    });
    this.#socket = socket;
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const content = this.#received.subarray(end + 4);
    const whole = /^transfer-encoding: *chunked/im.test(head) ? chunked(content) : sized(head, content);
    if (whole === undefined) return;
    const { body, length } = whole;
    this.#received = content.subarray(length);
    if (/^connection: *close/im.test(head)) this.#socket?.end();
    const retryAfter = Number(/^retry-after: *(\d+)/im.exec(head)?.[1] ?? 0) * 1000;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done({ status: Number(head.slice(9, 12)), retryAfter, body });
  }
}

/** A body and how many bytes it took; undefined while some are missing. */
interface Content {
  readonly body: Buffer;
  readonly length: number;
}

function sized(head: string, content: Buffer): Content | undefined {
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return content.length < length ? undefined : { body: content.subarray(0, length), length };
}

function chunked(content: Buffer): Content | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = content.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(content.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) throw new Error('a chunk of an answer has no size');
    const next = line + 2 + size + 2;
    if (content.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), length: next };
    chunks.push(content.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

/** What a partial success refused, from the protobuf answer to an export; 0 when all was taken. */
export function rejectedItems(body: Uint8Array): number {
  // ExportXServiceResponse { partial_success = 1 { rejected = 1 (varint) } }
  if (body.length < 4 || body[0] !== 0x0a || body[2] !== 0x08) return 0;
  let value = 0;
  for (let i = 3, shift = 1; i < body.length; i++, shift *= 128) {
    value += ((body[i] as number) & 127) * shift;
    if ((body[i] as number) < 128) break;
  }
  return value;
}
