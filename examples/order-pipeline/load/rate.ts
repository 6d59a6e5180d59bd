import { noiseAt } from './random.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const BURST_WINDOW = 20 * MINUTE;

/** Quiet at night, a shoulder in the morning, the peak in the evening (UTC): 0..1. */
function dailyShape(time: number): number {
  const phase = ((time % DAY) / DAY) * 2 * Math.PI;
  const shape = 0.5 - 0.42 * Math.cos(phase - 1.2) - 0.12 * Math.cos(2 * phase - 0.4);
  return Math.min(1, Math.max(0, shape));
}

/** Interpolated noise of a given period, -1..1: neighbours in time are alike. */
function smoothNoise(time: number, period: number, salt: number): number {
  const index = Math.floor(time / period);
  const part = time / period - index;
  const blend = part * part * (3 - 2 * part);
  const from = noiseAt(index, salt);
  return 2 * (from + (noiseAt(index + 1, salt) - from) * blend) - 1;
}

/** In one window of three a campaign brings up to a fifth more orders for one to three minutes. */
function burst(time: number): number {
  const window = Math.floor(time / BURST_WINDOW);
  if (noiseAt(window, 11) > 1 / 3) return 0;
  const length = (1 + 2 * noiseAt(window, 12)) * MINUTE;
  const start = window * BURST_WINDOW + noiseAt(window, 13) * (BURST_WINDOW - length);
  if (time < start || time >= start + length) return 0;
  const height = 0.1 + 0.1 * noiseAt(window, 14);
  return height * Math.sin((Math.PI * (time - start)) / length);
}

/** Orders per second at a moment: a pure function of time, about 22 to 42. */
export function rateAt(time: number): number {
  const base = 24 + 12 * dailyShape(time);
  const drift = 0.04 * smoothNoise(time, 15 * MINUTE, 21) + 0.03 * smoothNoise(time, 2 * MINUTE, 22);
  return base * (1 + drift + burst(time));
}
