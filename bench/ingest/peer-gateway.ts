import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Socket } from 'node:net';

/**
 * Between the ClickHouse exporter and the embedded engine. Its driver (clickhouse-go over HTTP) asks for the answer to
 * its first query in the Native form of its own protocol version, which this engine's library cannot write: the block then
 * has a head of its own and a byte more for each column. So that query is answered here, in that form, with protocol
 * version 0, which makes the driver read all later answers as the engine writes them. Every other byte is passed on.
 *
 * `node peer-gateway.ts <port of the engine>`; prints its own port.
 */
const HELLO = 'SELECT displayName(), version(), revision(), timezone()';

function nativeText(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

function column(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([nativeText(name), nativeText(type), Buffer.of(0), value]);
}

/** One row: the head of a block, then name, type, "no custom serialization" and the value of each column. */
const HELLO_BLOCK = Buffer.concat([
  Buffer.of(1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 4, 1),
  column('displayName()', 'String', nativeText('weir')),
  column('version()', 'String', nativeText('26.7.2.1')),
  column('revision()', 'UInt32', Buffer.alloc(4)),
  column('timezone()', 'String', nativeText('UTC')),
]);

const HELLO_ANSWER = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${HELLO_BLOCK.length}\r\n\r\n`,
  ),
  HELLO_BLOCK,
]);

function serve(client: Socket, enginePort: number): void {
  client.setNoDelay(true);
  client.on('error', () => client.destroy());
  let head = Buffer.alloc(0);
  const first = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const text = head.toString('latin1');
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? Number.NaN);
    if (length === HELLO.length) {
      if (head.length < end + 4 + length) return;
      if (text.endsWith(HELLO)) {
        head = Buffer.alloc(0);
        client.write(HELLO_ANSWER);
        return;
      }
    }
    client.off('data', first);
    client.pause();
    const engine = dial(enginePort, '127.0.0.1');
    engine.setNoDelay(true);
    engine.on('error', () => client.destroy());
    client.on('close', () => engine.destroy());
    engine.on('close', () => client.destroy());
    engine.write(head);
    client.pipe(engine);
    engine.pipe(client);
  };
  client.on('data', first);
}

const enginePort = Number(process.argv[2]);
const server = createServer((client) => serve(client, enginePort));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
