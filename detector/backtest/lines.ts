import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { errorMessage, WeirError } from '../../core/errors.ts';

const CHUNK = 256 * 1024;
/** A text without line breaks is no table; it must not fill the memory either. */
const LONGEST = 16 * 1024 * 1024;

/**
 * The lines of a text file in order, plain or gzip (told by its first bytes), without their breaks, in batches of what
 * one read brought: the memory used does not grow with the file. Throws `backtest_file_unreadable` with the path and
 * the line that was reached.
 */
export async function* readLines(path: string): AsyncGenerator<string[]> {
  let count = 0;
  let rest = '';
  try {
    const decoder = new StringDecoder('utf8');
    for await (const chunk of await openText(path)) {
      const text = rest + decoder.write(chunk as Buffer);
      const lines = text.split('\n');
      rest = lines.pop() as string;
      if (rest.length > LONGEST) throw new Error(`a line of more than ${LONGEST} characters`);
      if (count === 0 && lines.length > 0) lines[0] = withoutMark(lines[0] as string);
      count += lines.length;
      if (lines.length > 0) yield text.includes('\r') ? lines.map(withoutReturn) : lines;
    }
    rest += decoder.end();
  } catch (cause) {
    throw new WeirError(
      'backtest_file_unreadable',
      `${path}:${count + 1}: ${errorMessage(cause)}; check that the file is whole (gzip -t) and may be read`,
      { cause },
    );
  }
  if (rest !== '') yield [withoutReturn(count === 0 ? withoutMark(rest) : rest)];
}

async function openText(path: string): Promise<Readable> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  await file.close();
  const source = createReadStream(path, { highWaterMark: CHUNK });
  if (bytesRead < 2 || buffer[0] !== 0x1f || buffer[1] !== 0x8b) return source;
  // An error of the source or of the unpacking reaches who reads the result, and closes both.
  return pipeline(source, createGunzip({ chunkSize: CHUNK }), () => {});
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function withoutMark(line: string): string {
  return line.startsWith('\uFEFF') ? line.slice(1) : line;
}
