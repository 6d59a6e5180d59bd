import type { Server } from 'node:http';
import { Socket } from 'node:net';
import { Connection, type ConnectionTimes } from './connection.ts';
import type { Exchanges } from './exchange.ts';
import { Passage } from './passage.ts';

/** All connections read into one buffer: its bytes are taken out before the next read. */
const READ_BYTES = 256 * 1024;

export interface DirectOptions {
  readonly exchanges: Exchanges;
  readonly times: ConnectionTimes;
  /** How often connections are looked through for what takes too long. */
  readonly checkMs: number;
}

/** What stands between a connection's handle and a socket that reads for itself. */
interface Handled {
  _handle?: object | null;
}

/**
 * Reads the usual requests of a server's connections directly. Node makes a buffer for every piece of a body that comes;
 * at hundreds of megabytes a second, collecting those costs more than everything else a receiver does. A socket can
 * read into a buffer of ours instead, but only one that is made so: each connection that comes is taken out of its
 * socket before it reads, and put into another.
 */
export class DirectConnections {
  readonly #open = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;
  #stopping = false;

  constructor(server: Server, { exchanges, times, checkMs }: DirectOptions) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const [usual] = server.listeners('connection') as ((this: Server, stream: unknown) => void)[];
    if (usual === undefined) throw new Error('an HTTP server without a listener of connections');
    const handOver = (socket: Socket, bytes: Buffer) => {
      const passage = new Passage(socket);
      usual.call(server, passage);
      passage.arrived(bytes);
      return passage;
    };
    // Without this property a socket begins to read before it is handed to us.
    Object.assign(server, { pauseOnConnect: true });
    server.removeAllListeners('connection');
    server.on('connection', (accepted: Socket) => {
      const handle = (accepted as Handled)._handle;
      if (handle === undefined || handle === null) {
        accepted.destroy();
        return;
      }
      (accepted as Handled)._handle = null;
      const onread = { buffer, callback: (length: number) => connection.arrived(buffer.subarray(0, length)) };
      const socket = new Socket({ handle, onread, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0]);
      const connection = new Connection(socket, { exchanges, times, handOver }, Date.now());
      this.#open.add(connection);
      socket.on('close', () => {
        this.#open.delete(connection);
        // The server counts the one it accepted.
        accepted.destroy();
      });
      socket.setNoDelay(true);
      if (this.#stopping) connection.stop();
      else socket.resume();
    });
    this.#timer = setInterval(() => this.#check(), checkMs);
    this.#timer.unref();
    server.once('close', () => clearInterval(this.#timer));
  }

  /** Closes connections as what they are busy with is answered. */
  stop(): void {
    this.#stopping = true;
    for (const connection of this.#open) connection.stop();
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #check(): void {
    const now = Date.now();
    for (const connection of this.#open) connection.check(now);
  }
}
