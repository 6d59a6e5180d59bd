import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { replayCommand } from '../../replay/command.ts';
import { sentPoints, startReceiver } from './receiver.ts';

describe('weir replay', () => {
  let folder: string;
  let file: string;
  let out: string;
  let err: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-command-'));
    file = join(folder, 'cpu.csv');
    writeFileSync(file, 'timestamp,value,other\n10,1,5\n20,2,6\n30,3,7\n40,4,8\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(() => {
    out = '';
    err = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text;
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  async function run(...args: string[]): Promise<void> {
    const command: Command = replayCommand().exitOverride();
    await command.parseAsync(args, { from: 'user' });
  }

  test('sends what the options say and sums up on stdout', async () => {
    await using receiver = await startReceiver();
    const options = ['--pace', '10ms', '--history', '50%', '--columns', 'other', '--service', 'box', '--metric', 'm'];
    await run(file, '--endpoint', receiver.url, '--token', 'sixteen-characters', ...options);
    expect(sentPoints(receiver.requests)).toMatchObject([
      { signal: 'other', value: 5, metric: 'm', resource: { 'service.name': 'box' } },
      { value: 6 },
      { value: 7 },
      { value: 8 },
    ]);
    expect(receiver.requests[0]?.headers.authorization).toBe('Bearer sixteen-characters');
    expect(out).toMatch(/^sent 4 \(2 as history\) in \d requests\n$/);
    expect(err).toContain('1000 times as fast as recorded');
    expect(err).toContain('100 %  4/4');
  });

  test('rejected items are an error', async () => {
    await using receiver = await startReceiver([{ status: 200, body: '{"partialSuccess":{"rejectedDataPoints":2}}' }]);
    await expect(run(file, '-e', receiver.url, '--history', '100%')).rejects.toThrow(
      expect.objectContaining({ code: 'replay_items_rejected' }),
    );
  });

  test('an interrupt stops it, says so, and leaves no listener behind', async () => {
    await using receiver = await startReceiver();
    const before = process.listenerCount('SIGINT');
    const running = run(file, '-e', receiver.url, '--history', '50%');
    const stopped = expect(running).rejects.toThrow(expect.objectContaining({ code: 'replay_interrupted' }));
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(0), { timeout: 10_000 });
    process.emit('SIGINT');
    await stopped;
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  test.each([
    [['--speed', 'fast'], 'write a number above 0'],
    [['--speed', '-1'], 'write a number above 0'],
    [['--history', '80'], 'write a percentage'],
    [['--history', '101%'], 'write a percentage'],
    [['--pace', '10'], 'is not a duration'],
    [['--pace', '0s'], 'must be above 0'],
    [['--live-from', 'noon'], 'write a time such as'],
    [['--nonsense'], 'unknown option'],
  ])('%j is refused', async (args, message) => {
    await expect(run(file, ...args)).rejects.toThrow(expect.objectContaining({ exitCode: 1 }));
    expect(err).toContain(message);
  });

  test('the two ways to set the live start exclude each other', async () => {
    await expect(run(file, '--history', '50%', '--live-from', '2014-03-07')).rejects.toThrow(
      '--history or --live-from',
    );
  });

  test('--help has an example for every kind of file', async () => {
    await expect(run('--help')).rejects.toThrow(expect.objectContaining({ exitCode: 0 }));
    expect(out).toContain('weir replay nab:');
    expect(out).toContain('weir replay traces.json');
  });
});
