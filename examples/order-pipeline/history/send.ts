import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { metricsRequest } from './otlp.ts';
import { historyStep, STEP_MS } from './points.ts';

const compress = promisify(gzip);
const STEPS_PER_REQUEST = 60;
const CONCURRENCY = 2;
const MAX_ATTEMPTS = 20;

export interface HistoryOptions {
  readonly otlpUrl: string;
  readonly hours: number;
  /** Start of the history; `hours` before its end when absent. */
  readonly from?: number;
  /** `messaging.system` of the live pipeline. */
  readonly system: string;
  readonly resource: Readonly<Record<string, string>>;
  /** End of the history; now when absent. */
  readonly until?: number;
  readonly onProgress?: (done: number) => void;
}

export interface HistoryResult {
  readonly points: number;
  readonly from: number;
  readonly until: number;
  readonly ms: number;
}

async function post(url: string, body: unknown): Promise<void> {
  const payload = new Uint8Array(await compress(JSON.stringify(body), { level: 1 }));
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    let waitMs = 500;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: payload,
      });
      if (response.ok) {
        await response.arrayBuffer();
        return;
      }
      problem = `HTTP ${response.status}: ${(await response.text()).slice(0, 300)}`;
      if (response.status !== 429 && response.status !== 503) throw new Error(problem, { cause: 'refused' });
      waitMs = Math.min(10_000, Number(response.headers.get('retry-after') ?? 1) * 1000);
    } catch (error) {
      problem = (error as Error).message;
      if ((error as Error).cause === 'refused') throw error;
    }
    if (attempt >= MAX_ATTEMPTS) throw new Error(`the history could not be sent to ${url}: ${problem}`);
    await sleep(waitMs);
  }
}

/**
 * Sends the pipeline's generated past through OTLP with its own timestamps, oldest first. Overload answers are waited
 * out; a refusal is an error.
 */
export async function sendHistory(options: HistoryOptions): Promise<HistoryResult> {
  const began = Date.now();
  const until = Math.floor((options.until ?? began) / STEP_MS) * STEP_MS;
  const from = options.from ?? until - Math.round(options.hours * 3_600_000);
  const url = `${options.otlpUrl.replace(/\/$/, '')}/v1/metrics`;
  const requestMs = STEPS_PER_REQUEST * STEP_MS;
  let next = from;
  let points = 0;
  const sender = async () => {
    while (next < until) {
      const start = next;
      const end = Math.min(until, start + requestMs);
      next = end;
      const steps = [];
      for (let step = start; step < end; step += STEP_MS) {
        steps.push({ start: step, services: historyStep(step, options.system) });
      }
      const request = metricsRequest(steps, options.resource);
      await post(url, request.body);
      points += request.points;
      options.onProgress?.(Math.min(1, (end - from) / (until - from)));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  return { points, from, until, ms: Date.now() - began };
}
