import { createProfiles, learnProfile, profileAt } from './profile.ts';
import { createTails, fitTail, halveTail, learnTail, oddsOf } from './tails.ts';

export const STREAMS = 8;
export const SETTINGS = {
  weights: [2, 0.7, 0.5, 0.4, 0, 0, 0.4, 0.4],
  tailShare: [0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05],
  windows: [12, 300, 24, 800, 6, 60],
  days: 5,
  memory: 15000,
  ready: 30,
  interval: 0.3,
  shiftOn: 0, // 0 raw, 1 deseasonalised
  profileFine: true,
  fastWindow: 3,
};
export type Settings = typeof SETTINGS;
const S = 16;
export function createEngine(count: number, set: Settings = SETTINGS) {
  const scal = new Float64Array(count * S);
  const tails = createTails(count * STREAMS * 2);
  const totals = new Float64Array(count * STREAMS);
  const since = new Uint8Array(count * STREAMS);
  const profiles = createProfiles(count);
  const streams = new Float64Array(STREAMS);
  const evidence = new Float64Array(STREAMS);
  const outside = new Float64Array(2).fill(NaN);
  const out = { s: 0, streams, evidence, outside, expected: NaN, interval: 60000, points: 0 };
  const [n12, n300, n24, n800, , n60] = set.windows as number[];
  const f12 = 2 / (n12! + 1),
    f300 = 2 / (n300! + 1),
    f24 = 2 / (n24! + 1),
    f800 = 2 / (n800! + 1),
    f60 = 2 / (n60! + 1);
  const ff = 2 / (set.fastWindow + 1);
  const W = set.weights;
  function judge(i: number, time: number, x: number) {
    const o = i * S;
    // interval: majority vote
    const last = scal[o]!;
    if (last > 0) {
      const dt = time - last;
      if (scal[o + 2]! <= 0) {
        scal[o + 1] = dt;
        scal[o + 2] = 1;
      } else if (Math.abs(dt - scal[o + 1]!) <= 0.1 * scal[o + 1]!) scal[o + 2] = Math.min(60, scal[o + 2]! + 1);
      else scal[o + 2] = scal[o + 2]! - 1;
    }
    scal[o] = time;
    const interval = scal[o + 1]! || 60000;
    out.interval = interval;
    if (Number.isNaN(x)) {
      out.s = 0;
      streams.fill(NaN);
      evidence.fill(0);
      return out;
    }
    const n = scal[o + 3]!;
    const perBin = Math.max(1, 900000 / interval);
    const prof = profileAt(profiles, i, time, set.profileFine && interval < 900000);
    const m12 = scal[o + 4]!,
      m300 = scal[o + 5]!,
      m24 = scal[o + 6]!,
      m800 = scal[o + 7]!,
      mf = scal[o + 8]!;
    const v60 = scal[o + 9]!,
      v800 = scal[o + 10]!;
    const known = !Number.isNaN(prof);
    out.expected = known ? prof : m300;
    // streams use state including the present point for windows (score before learn of the calibrator)
    const g = 1 / (n + 1);
    const base = set.shiftOn && known ? prof : 0;
    const y = x - base;
    const a12 = m12 + Math.max(f12, g) * (y - m12);
    const a300 = m300 + Math.max(f300, g) * (y - m300);
    const a24 = m24 + Math.max(f24, g) * (y - m24);
    const a800 = m800 + Math.max(f800, g) * (y - m800);
    const dev = Math.abs(y - m12);
    const b60 = v60 + Math.max(f60, g) * (dev - v60);
    const b800 = v800 + Math.max(f800, g) * (dev - v800);
    if (n >= 12) {
      streams[0] = known ? x - prof : NaN;
      streams[1] = n >= 24 ? a12 - a300 : NaN;
      streams[2] = n >= 48 ? a24 - a800 : NaN;
      streams[3] = n >= 60 ? Math.max(0, b60 - b800) : NaN;
      streams[4] = y - mf;
      streams[5] = NaN;
      streams[6] = outside[0]!;
      streams[7] = outside[1]!;
    } else streams.fill(NaN);
    scal[o + 3] = n + 1;
    scal[o + 4] = a12;
    scal[o + 5] = a300;
    scal[o + 6] = a24;
    scal[o + 7] = a800;
    scal[o + 8] = n === 0 ? y : mf + Math.max(ff, g) * (y - mf);
    scal[o + 9] = b60;
    scal[o + 10] = b800;
    const level = scal[o + 11]! + Math.max(f800, g) * (Math.abs(x) - scal[o + 11]!);
    scal[o + 11] = level;
    const floor = 1e-4 * level;
    let sum = 0,
      ws = 0;
    for (let k = 0; k < STREAMS; k++) {
      const v = streams[k]!;
      const at = i * STREAMS + k;
      evidence[k] = 0;
      if (Number.isNaN(v)) continue;
      const up = at * 2,
        down = up + 1;
      const size = Math.abs(v);
      const total = totals[at]!;
      if (total >= set.ready * 4) {
        const e = size > floor ? oddsOf(tails, v > 0 ? up : down, size) : 0;
        evidence[k] = e;
        sum += W[k]! * e;
        ws += W[k]!;
      }
      if (size > floor) learnTail(tails, v > 0 ? up : down, size, 4);
      totals[at] = total + 4;
      if (total + 4 > set.memory * 4) {
        totals[at] = totals[at]! / 2;
        halveTail(tails, up);
        halveTail(tails, down);
      }
      if (++since[at]! >= 50 || total + 4 === set.ready * 4) {
        since[at] = 0;
        fitTail(tails, up, totals[at]!, set.tailShare[k]!, floor);
        fitTail(tails, down, totals[at]!, set.tailShare[k]!, floor);
      }
    }
    out.s = ws > 0 ? sum / ws + set.interval * Math.log10(interval / 300000) : 0;
    out.points = n;
    learnProfile(profiles, i, time, x, perBin, set.days);
    return out;
  }
  return { judge, out };
}
