import type { Notification } from './notification.ts';

export const INTEGRATIONS = ['webhook', 'slack', 'pagerduty'] as const;
export type Integration = (typeof INTEGRATIONS)[number];

/**
 * One destination of a receiver. `notify` delivers or throws a `WeirError` whose `retryable` (and `retryAfterMs`)
 * says whether another attempt can succeed. `reference` is what the last delivered notification of the same group
 * returned, empty for the first; the answer is the new one.
 */
export interface Notifier {
  readonly integration: Integration;
  readonly sendResolved: boolean;
  notify(notification: Notification, reference: string, signal?: AbortSignal): Promise<string>;
}
