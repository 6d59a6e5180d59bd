import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { isLoopback } from '../../core/listen.ts';
import { Refusal } from './refusal.ts';

export const USER = 'default';

/** The engine's password: 32 random bytes in `<dataDir>/store.password` (mode 0600), made when it is missing. */
export function readOrCreatePassword(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'store.password');
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(path, 0o600);
  }
  const password = readFileSync(path, 'utf8').trim();
  if (password.length < 32) throw new Error(`${path} holds no password; delete it and start again`);
  return password;
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/**
 * Refuses requests that a web page could make a browser send: a Host that is not loopback (DNS rebinding), and any
 * Origin or cross-site fetch. Checked before anything else, on every path.
 */
export function checkSource(request: IncomingMessage): void {
  const host = request.headers.host ?? '';
  const name = /^(\[[0-9a-fA-F:]+\]|[^:]*)(?::\d+)?$/.exec(host)?.[1] ?? '';
  if (!isLoopback(name.toLowerCase())) {
    throw new Refusal(
      497,
      'ACCESS_DENIED',
      `Host ${JSON.stringify(host)} is refused: the embedded engine answers loopback names only`,
    );
  }
  const site = request.headers['sec-fetch-site'];
  if (request.headers.origin !== undefined || (site !== undefined && site !== 'none')) {
    throw new Refusal(
      497,
      'ACCESS_DENIED',
      'requests of web pages (Origin, Sec-Fetch-Site) are refused by the embedded engine',
    );
  }
}

interface Given {
  readonly user: string;
  readonly password: string;
}

function given(request: IncomingMessage, query: URLSearchParams): Given | undefined {
  const { authorization } = request.headers;
  const user = request.headers['x-clickhouse-user'];
  const key = request.headers['x-clickhouse-key'];
  if (user !== undefined || key !== undefined) return { user: String(user ?? USER), password: String(key ?? '') };
  if (authorization !== undefined) {
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
    if (basic === undefined) return { user: '', password: '' };
    const text = Buffer.from(basic, 'base64').toString();
    const colon = text.indexOf(':');
    return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (!query.has('user') && !query.has('password')) return undefined;
  return { user: query.get('user') ?? USER, password: query.get('password') ?? '' };
}

/** Demands the user and password, by header, Basic authorization or URL, in constant time. 194 (401) or 516 (403). */
export function authenticate(request: IncomingMessage, query: URLSearchParams, password: string): void {
  const credentials = given(request, query);
  if (credentials === undefined) {
    throw new Refusal(
      194,
      'REQUIRED_PASSWORD',
      'a password is needed: it stands in the file store.password of the data folder',
    );
  }
  const user = same(credentials.user, USER);
  if (same(credentials.password, password) && user) return;
  throw new Refusal(
    516,
    'AUTHENTICATION_FAILED',
    `${credentials.user.slice(0, 64)}: Authentication failed: password is incorrect, or there is no user with such name`,
  );
}
