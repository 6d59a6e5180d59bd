import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { WeirError } from './errors.ts';

/** Where a listener binds. Any address off loopback demands a token. */
export function listenConfig(port: number) {
  return z.strictObject({
    host: z.string().default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(port),
    token: z.string().min(16).optional(),
  });
}
export type ListenConfig = z.infer<ReturnType<typeof listenConfig>>;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Refuses to bind off loopback without a token: `core_listen_unprotected`, with the sentence that says what to do.
 * `path` is the configuration path of the listener, such as `collector.otlp_http`.
 */
export function assertBindAllowed(listen: ListenConfig, path: string): void {
  if (isLoopback(listen.host) || listen.token !== undefined) return;
  throw new WeirError(
    'core_listen_unprotected',
    `${path} would listen on ${listen.host} without a token, open to anyone who can reach it. ` +
      `Set ${path}.token (16 characters or more, for instance \${env:WEIR_TOKEN}), or set ${path}.host to 127.0.0.1.`,
  );
}

/** Whether a request may pass: no token configured, or `Authorization: Bearer <token>` equal in constant time. */
export function authorized(listen: ListenConfig, authorization: string | undefined): boolean {
  if (listen.token === undefined) return true;
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${listen.token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
