import { describe, expect, it } from 'vitest';
import type { Place } from '../../sdk/src/checkpoint.ts';
import { Recorder } from '../../sdk/src/recorder.ts';

const place = (destination: string): Place => ({ direction: 'in', system: 'kafka', destination, group: 'g' });
const T = 1_760_000_000_000_000;

describe('a recorder', () => {
  it('knows one checkpoint for each path to a place', () => {
    const recorder = new Recorder('service');
    const route = recorder.route(place('orders'));
    expect(recorder.route(place('orders'))).toBe(route);
    const first = route.after(1, 2);
    expect(route.after(1, 2)).toBe(first);
    expect(route.after(0, 0)).not.toBe(first);
    expect(route.after(1, 2)).toBe(first);
    expect(first.parent).toBe('0000000100000002');
    expect(route.after(0, 0).parent).toBe('');
  });

  it('yields what was recorded, once', () => {
    const recorder = new Recorder('service');
    const checkpoint = recorder.route(place('orders')).after(0, 0);
    recorder.record(checkpoint, T, T + 5, T + 10, 3);
    expect([...recorder.busy()]).toEqual([checkpoint]);
    expect(checkpoint.latency.take()).toMatchObject({ count: 3, min: 1e-5 });
    expect(checkpoint.edge.take()).toMatchObject({ count: 3, min: 5e-6 });
    expect([...recorder.busy()]).toEqual([]);
  });

  it('takes clocks that disagree for no latency, and counts them', () => {
    const recorder = new Recorder('service');
    const checkpoint = recorder.route(place('orders')).after(0, 0);
    recorder.record(checkpoint, T - 7, T + 5, T);
    recorder.record(checkpoint, T + 7, T + 7, T);
    expect(checkpoint.edge.take()).toMatchObject({ count: 2, zeroCount: 2, max: 0 });
    expect(checkpoint.latency.take()).toMatchObject({ count: 2, zeroCount: 1 });
    expect([...recorder.takeProblems()]).toEqual([['clock_skew', 2]]);
    expect([...recorder.takeProblems()]).toEqual([]);
  });

  it('records no more paths than its limit, counts the rest, and still hashes them', () => {
    const recorder = new Recorder('service', { checkpoints: 3 });
    const unlimited = new Recorder('service');
    for (let i = 1; i <= 5; i++) {
      const checkpoint = recorder.route(place(`topic-${i}`)).after(0, i);
      expect(checkpoint.hash).toBe(unlimited.route(place(`topic-${i}`)).after(0, i).hash);
      recorder.record(checkpoint, T, T, T, i);
    }
    expect([...recorder.busy()]).toHaveLength(3);
    expect([...recorder.takeProblems()]).toEqual([['too_many_pathways', 9]]);
  });

  it('forgets what is idle, and knows it again when it comes back', () => {
    const recorder = new Recorder('service', { checkpoints: 1, idleFlushes: 2 });
    const route = recorder.route(place('old'));
    const old = route.after(1, 1);
    recorder.record(old, T, T, T);
    const flush = () => [...recorder.busy()].map((checkpoint) => checkpoint.latency.take().count);
    expect([flush(), flush(), flush(), flush()]).toEqual([[1], [], [], []]);
    const fresh = recorder.route(place('new')).after(1, 1);
    recorder.record(fresh, T, T, T);
    expect(flush()).toEqual([1]);
    // The one that was forgotten finds no room now; its route makes a new one when there is.
    recorder.record(route.after(1, 1), T, T, T);
    expect([...recorder.takeProblems()]).toEqual([['too_many_pathways', 1]]);
    expect([flush(), flush(), flush()]).toEqual([[], [], []]);
    const again = route.after(1, 1);
    expect(again.hash).toBe(old.hash);
    recorder.record(again, T, T, T);
    expect(flush()).toEqual([1]);
  });

  it('asks for a flush when a replay brings many origin windows, and gives counts up in the end', () => {
    const recorder = new Recorder('service', { windows: 10 });
    let asked = 0;
    recorder.onPressure = () => asked++;
    const checkpoint = recorder.route(place('orders')).after(0, 0);
    const window = (i: number) => recorder.record(checkpoint, T + i * 10_000_000, T, T + 1e12);
    for (let i = 0; i < 12; i++) window(i);
    expect(asked).toBeGreaterThan(0);
    expect(recorder.takeProblems().size).toBe(0);
    for (let i = 12; i < 60; i++) window(i);
    const kept = [...checkpoint.takeWindows().values()].reduce((a, b) => a + b, 0);
    const given = recorder.takeProblems().get('too_many_windows') ?? 0;
    expect(given).toBeGreaterThan(0);
    expect(kept + given).toBe(60);
    expect(checkpoint.latency.count).toBe(60);
  });

  it('does not grow with the names of places', () => {
    const recorder = new Recorder('service', { checkpoints: 50 });
    for (let i = 0; i < 1000; i++) recorder.record(recorder.route(place(`t${i}`)).after(0, 0), T, T, T);
    expect([...recorder.busy()]).toHaveLength(50);
    expect(recorder.takeProblems().get('too_many_pathways')).toBe(950);
  });
});
