import { errorMessage, WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import type { Destination } from './dispatch.ts';
import type { Notification } from './notification.ts';
import { logKey, type NotificationLog } from './notification-log.ts';

interface Pending {
  readonly destination: Destination;
  notification: Notification;
  attempts: number;
  nextAt: Millis;
  running: boolean;
}

/** The end of one attempt. */
export interface Attempt {
  readonly destination: Destination;
  readonly notification: Notification;
  readonly status: 'delivered' | 'failed' | 'retrying';
  readonly attempts: number;
  /** Empty when delivered. */
  readonly error: string;
  readonly reference: string;
}

export interface DeliveryOptions {
  readonly log: NotificationLog;
  readonly now: () => Millis;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly onAttempt: (attempt: Attempt) => void;
}

/** 0.5 s, half as long again after each attempt, a minute at most; half to one and a half times that by chance. */
export function backoff(attempts: number, random: number): Millis {
  return Math.min(60_000, 500 * 1.5 ** Math.max(0, attempts - 1)) * (0.5 + random);
}

/**
 * Carries notifications to their destinations, at most one per group and destination at a time, retrying what can be
 * retried. A newer notification of the same group replaces a waiting one and keeps its place in the back-off. Nothing
 * here needs to survive a restart: what was not delivered is decided anew from the notification log.
 */
export class Deliveries {
  readonly #options: DeliveryOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  has(groupKey: string, destination: Destination): boolean {
    return this.#pending.has(logKey(groupKey, destination.key));
  }

  offer(destination: Destination, notification: Notification): void {
    const key = logKey(notification.groupKey, destination.key);
    const known = this.#pending.get(key);
    // An attempt under way is not overtaken; the next flush decides from what it achieved.
    if (known?.running) return;
    if (known !== undefined) known.notification = notification;
    else this.#pending.set(key, { destination, notification, attempts: 0, nextAt: notification.time, running: false });
  }

  /** There is nothing to say any more. */
  withdraw(groupKey: string, destination: Destination): void {
    const key = logKey(groupKey, destination.key);
    if (this.#pending.get(key)?.running === false) this.#pending.delete(key);
  }

  /** Starts every attempt that is due. Does not wait for them. */
  run(): void {
    const now = this.#options.now();
    for (const [key, pending] of this.#pending) {
      if (pending.running || pending.nextAt > now || this.#abort.signal.aborted) continue;
      pending.running = true;
      const attempt = this.#attempt(key, pending).finally(() => this.#running.delete(attempt));
      this.#running.add(attempt);
    }
  }

  async #attempt(key: string, pending: Pending): Promise<void> {
    const { destination, notification } = pending;
    const { log, now } = this.#options;
    pending.attempts++;
    try {
      const reference = log.find(notification.groupKey, destination.key)?.reference ?? '';
      const unwanted = notification.status === 'resolved' && !destination.notifier.sendResolved;
      const answer = unwanted ? '' : await destination.notifier.notify(notification, reference, this.#abort.signal);
      this.#pending.delete(key);
      log.put({
        groupKey: notification.groupKey,
        integration: destination.key,
        receiver: destination.receiver,
        groupLabels: notification.groupLabels,
        time: now(),
        firing: notification.alerts.filter((one) => one.resolvedAt === 0).map((one) => one.alert.fingerprint),
        resolved: notification.alerts.filter((one) => one.resolvedAt !== 0).map((one) => one.alert.fingerprint),
        alerts: notification.alerts,
        reference: answer,
      });
      if (!unwanted) this.#report(pending, 'delivered', '', answer);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const retryable = error instanceof WeirError && error.retryable;
      const wait = Math.max(backoff(pending.attempts, this.#options.random()), (error as WeirError).retryAfterMs ?? 0);
      pending.nextAt = now() + wait;
      pending.running = false;
      if (!retryable) this.#pending.delete(key);
      this.#report(pending, retryable ? 'retrying' : 'failed', errorMessage(error), '');
    }
  }

  #report(pending: Pending, status: Attempt['status'], error: string, reference: string): void {
    const { destination, notification, attempts } = pending;
    this.#options.onAttempt({ destination, notification, status, attempts, error, reference });
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Lets attempts under way finish within `deadline` ms, then cuts them off. */
  async stop(deadline: Millis): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadline);
    });
    await Promise.race([this.settled(), late]);
    clearTimeout(timer);
    this.#abort.abort();
    await this.settled();
  }
}
