import { Agent, request } from 'node:http';
import { exponential, type Random } from './random.ts';
import { rateAt } from './rate.ts';

const MAX_OPEN = 200;
const CUSTOMERS = 5000;

export interface LoadGenerator {
  readonly counts: { sent: number; failed: number; skipped: number };
  stop(): void;
}

/** Places orders at a gateway: a Poisson process whose rate is `rateAt(now)`. */
export function startLoad(options: {
  url: () => string | undefined;
  now?: () => number;
  random?: Random;
}): LoadGenerator {
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts = { sent: 0, failed: 0, skipped: 0 };
  let open = 0;
  let due = now();
  let timer: NodeJS.Timeout | undefined;

  const place = (url: string) => {
    const order = {
      customer: `customer-${Math.floor(random() * CUSTOMERS)}`,
      amount: Math.round(500 + random() * 20_000) / 100,
    };
    const body = JSON.stringify(order);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(`${url}/orders`, { method: 'POST', agent, headers, timeout: 10_000 }, (response) => {
      response.resume();
      if ((response.statusCode ?? 500) >= 400) counts.failed++;
    });
    open++;
    counts.sent++;
    call.on('timeout', () => call.destroy());
    call.on('error', () => counts.failed++);
    call.on('close', () => open--);
    call.end(body);
  };

  const tick = () => {
    const time = now();
    // A machine that was suspended or starved for long does not place all the orders it missed.
    if (time - due > 2000) due = time;
    for (; due <= time; due += exponential(random, rateAt(due)) * 1000) {
      const url = options.url();
      if (url === undefined || open >= MAX_OPEN) counts.skipped++;
      else place(url);
    }
    timer = setTimeout(tick, Math.min(100, Math.max(1, due - now())));
  };
  tick();
  return {
    counts,
    stop() {
      clearTimeout(timer);
      agent.destroy();
    },
  };
}
