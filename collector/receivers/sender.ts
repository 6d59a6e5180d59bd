import { WeirError } from '../../core/errors.ts';
import { authorized, type ListenConfig } from '../../core/listen.ts';
import type { Ingest } from '../ingest.ts';

/**
 * Turns a request away before its body is read: `collector_unauthenticated` without the configured token,
 * `collector_spool_refused` (retryable) while nothing can be made durable.
 */
export function assertMaySend(listen: ListenConfig, authorization: string | undefined, ingest: Ingest): void {
  if (!authorized(listen, authorization)) {
    throw new WeirError('collector_unauthenticated', 'send the configured token as "authorization: Bearer <token>"');
  }
  const refusal = ingest.refusal();
  if (refusal !== undefined) {
    throw new WeirError('collector_spool_refused', refusal, { retryable: true, retryAfterMs: 5000 });
  }
}

/** The address senders are told, such as `https://[::1]:4318`. */
export function listenUrl(listen: { readonly host: string; readonly tls?: object | undefined }, port: number): string {
  const { host } = listen;
  const inUrl = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `${listen.tls === undefined ? 'http' : 'https'}://${inUrl}:${port}`;
}
