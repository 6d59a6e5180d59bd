import type { PostableAlert } from '../core/alert.ts';
import { errorMessage, WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';

const BATCH = 256;

export interface SenderOptions {
  readonly url: string | (() => string);
  readonly token?: string | undefined;
  readonly timeout: Millis;
}

/** Posts alerts. Resolves with how many were taken and why others were not; never throws. */
export type Sender = (alerts: readonly PostableAlert[]) => Promise<SendResult>;

export interface SendResult {
  readonly sent: number;
  readonly failed: number;
  readonly errors: readonly WeirError[];
}

/**
 * Posts as Prometheus does: JSON arrays of up to 256 alerts, any 2xx is success, and a failed batch is not retried:
 * what fires is sent again each round, and what resolved for fifteen minutes.
 */
export function createSender({ url, token, timeout }: SenderOptions): Sender {
  async function post(batch: readonly PostableAlert[]): Promise<void> {
    const base = (typeof url === 'string' ? url : url()).replace(/\/$/, '');
    const response = await fetch(`${base}/api/v2/alerts`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'weir-detector',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(timeout),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new WeirError('detector_alerts_refused', `alerting answered ${response.status}: ${text.slice(0, 300)}`, {
        retryable: response.status >= 500 || response.status === 429,
      });
    }
  }

  return async (alerts) => {
    let sent = 0;
    const errors: WeirError[] = [];
    // With nothing to say an empty batch still goes out: it tells alerting that the detector is alive.
    for (let i = 0; i === 0 || i < alerts.length; i += BATCH) {
      const batch = alerts.slice(i, i + BATCH);
      try {
        await post(batch);
        sent += batch.length;
      } catch (error) {
        errors.push(
          error instanceof WeirError
            ? error
            : new WeirError('detector_alerts_unsent', `alerting could not be reached: ${errorMessage(error)}`, {
                retryable: true,
                cause: error,
              }),
        );
      }
    }
    return { sent, failed: alerts.length - sent, errors };
  };
}
