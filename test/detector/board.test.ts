import { describe, expect, test } from 'vitest';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched, type Watched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const catalogue = createCatalogue(detectorConfig.parse({}));

/** Plays values through judge and board; returns what is to be stored. */
function play(board: ReturnType<typeof createBoard>, watched: Watched, values: readonly number[]) {
  return values.flatMap((value) => {
    const time = watched.next;
    return judge(catalogue, watched, { time, value, volume: 100 }, STEP).verdicts.flatMap(
      (verdict) => board.take(watched, verdict, value, time + STEP, STEP) ?? [],
    );
  });
}

function calm(count: number): number[] {
  const random = seeded(1);
  return Array.from({ length: count }, () => 0.1 + 0.01 * gauss(random));
}

const latency = () => createWatched({ signal: 'latency_p95', pipeline: 'orders', stage: 'gateway' }, EPOCH, EPOCH);

describe('board', () => {
  test('an alert stands from its onset, is renewed in words, and stays as resolved until swept', () => {
    const board = createBoard();
    const watched = latency();
    play(board, watched, calm(100));
    expect(board.alerts.size).toBe(0);
    const onset = watched.next;
    const [fired] = play(board, watched, [1, 1, 1, 1]);
    expect(fired).toMatchObject({ firedAt: onset + 4 * STEP, time: onset + 3 * STEP, resolvedAt: 0, value: 1 });
    expect(fired?.decision).toMatchObject({ breach: 'score', for: 30_000, onset, min_change: 1 });
    const alert = () => [...board.alerts.values()][0];
    expect(alert()).toMatchObject({ startsAt: onset, resolvedAt: 0 });
    const words = alert()?.annotations['summary']?.replaceAll('\u202f', ' ');
    expect(words).toMatch(/^gateway: latency p95 is 1 s, expected \d+ – \d+ ms, for 40 s$/);
    expect(alert()?.annotations).toMatchObject({ anomaly_id: fired?.id, value: '1\u202fs' });
    play(board, watched, [2]);
    expect(alert()?.annotations['summary']).toContain('2\u202fs');
    play(board, watched, [NaN]);
    expect(alert()?.annotations['summary']).toContain('2\u202fs');
    expect(board.firing()).toBe(1);

    const [resolved] = play(board, watched, calm(10));
    expect(resolved).toMatchObject({ id: fired?.id });
    const endedAt = resolved?.resolvedAt ?? 0;
    expect(alert()?.resolvedAt).toBe(endedAt);
    expect(board.firing()).toBe(0);
    board.sweep(endedAt + 900_000, 900_000);
    expect(board.alerts.size).toBe(1);
    board.sweep(endedAt + 900_001, 900_000);
    expect(board.alerts.size).toBe(0);
  });

  test('what fires of a forgotten series is resolved', () => {
    const board = createBoard();
    const watched = latency();
    const [fired] = play(board, watched, [...calm(100), 1, 1, 1, 1]);
    const ended = board.forget(watched, watched.next);
    expect(ended).toEqual([{ ...fired, resolvedAt: watched.next }]);
    expect(board.firing()).toBe(0);
  });

  test('TelemetryAbsent keeps its start while it lasts, and resolves', () => {
    const board = createBoard();
    board.absent(0, EPOCH, 'No telemetry has arrived');
    expect(board.alerts.size).toBe(0);
    board.absent(EPOCH, EPOCH + 120_000, 'No telemetry has arrived');
    board.absent(EPOCH + 5_000, EPOCH + 130_000, 'No telemetry has arrived');
    const [alert] = board.alerts.values();
    expect(alert).toMatchObject({ startsAt: EPOCH, resolvedAt: 0 });
    expect(alert?.labels).toMatchObject({ alertname: 'TelemetryAbsent', pipeline: 'weir', stage: 'collector' });
    board.absent(0, EPOCH + 140_000, '');
    expect(board.firing()).toBe(0);
    expect([...board.alerts.values()][0]?.resolvedAt).toBe(EPOCH + 140_000);
  });

  test('a restored board goes on', () => {
    const board = createBoard();
    board.absent(EPOCH, EPOCH + 120_000, 'No telemetry has arrived');
    expect(createBoard([...board.alerts]).alerts).toEqual(board.alerts);
  });
});
