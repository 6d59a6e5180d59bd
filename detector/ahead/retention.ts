import { errorMessage } from '../../core/errors.ts';
import type { Logger } from '../../core/telemetry.ts';
import type { Millis } from '../../core/time.ts';
import type { DetectorPort } from '../port.ts';
import type { LimitBook } from './limits.ts';

const EVERY_MS = 300_000;

/** Keeps a book of limits informed of what the pipeline model knows of retention. */
export interface RetentionReader {
  /** Reads again when the last reading is five minutes old. When the store does not answer, what is known holds. Never throws. */
  refresh(now: Millis): Promise<void>;
}

export function createRetentionReader(
  port: Pick<DetectorPort, 'readRetentions'>,
  limits: LimitBook,
  log: Logger,
): RetentionReader {
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    async refresh(now) {
      if (limits.signals.length === 0 || now - readAt < EVERY_MS) return;
      readAt = now;
      try {
        limits.retain(await port.readRetentions(now));
      } catch (error) {
        log.warn({ event: 'detector_retention_unread', error: errorMessage(error) });
      }
    },
  };
}
