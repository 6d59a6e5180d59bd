import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { duration } from './config-values.ts';
import { WeirError } from './errors.ts';

/** Where a listener binds. Any address off loopback demands a token, or client certificates where it can ask for them. */
export function listenConfig(port: number) {
  return z.strictObject({
    host: z.string().default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(port),
    token: z.string().min(16).optional(),
  });
}
export type ListenConfig = z.infer<ReturnType<typeof listenConfig>>;

/** Certificates of a listener, in PEM. With `client_ca_file` a client must show a certificate that it signed. */
export const tlsConfig = z.strictObject({
  cert_file: z.string().min(1),
  key_file: z.string().min(1),
  client_ca_file: z.string().min(1).optional(),
  min_version: z.enum(['1.2', '1.3']).default('1.2'),
  /** How often the files are looked at: certificates are renewed while we run. */
  reload_interval: duration('10s'),
});
export type TlsConfig = z.infer<typeof tlsConfig>;

/** A listener that can have certificates. */
export function tlsListenConfig(port: number) {
  return listenConfig(port).extend({ tls: tlsConfig.optional() });
}
export type TlsListenConfig = z.infer<ReturnType<typeof tlsListenConfig>>;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Refuses to bind off loopback without a token or a demand for client certificates: `core_listen_unprotected`, with the
 * sentence that says what to do. `path` is the configuration path of the listener, such as `collector.otlp_http`.
 */
export function assertBindAllowed(listen: ListenConfig | TlsListenConfig, path: string): void {
  if (isLoopback(listen.host) || listen.token !== undefined) return;
  if ('tls' in listen && listen.tls?.client_ca_file !== undefined) return;
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
