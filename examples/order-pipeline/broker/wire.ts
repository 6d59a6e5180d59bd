import type { Socket } from 'node:net';
import type { LogMessage } from './log.ts';

/** What a client asks of the log: one JSON object per line over a loopback socket. */
export type LogRequest =
  | { readonly op: 'append'; readonly topic: string; readonly message: LogMessage }
  | { readonly op: 'join'; readonly group: string; readonly topic: string }
  | { readonly op: 'leave'; readonly group: string }
  | { readonly op: 'position'; readonly group: string; readonly partition: number }
  | {
      readonly op: 'poll';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly max: number;
    }
  | {
      readonly op: 'commit';
      readonly group: string;
      readonly partition: number;
      readonly offset: number;
      readonly generation: number;
    };

export type LogAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly rebalanced: string };

/** Calls back with each line's value; a line that is no JSON ends the connection. */
export function readLines<T>(socket: Socket, handle: (value: T) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      try {
        handle(JSON.parse(line) as T);
      } catch {
        socket.destroy();
        return;
      }
    }
  });
}

export function writeLine(socket: Socket, value: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}
