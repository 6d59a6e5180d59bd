import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { authorized, isLoopback, type ListenConfig } from '../core/listen.ts';
import { RequestError, sendError } from './failure.ts';

/** Only our own scripts, styles and answers; canvas exports and the favicon need data: images. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  next();
};

/**
 * Refuses what a foreign page can make a browser send. On a listener without a token the Host must be a loopback name
 * (DNS rebinding). A write must be JSON, and its Origin, when there is one, must be the host it was sent to (CSRF).
 */
export function sameSite(listen: ListenConfig): RequestHandler {
  return (request, response, next) => {
    const host = request.headers.host ?? '';
    if (listen.token === undefined && !isLoopback(hostName(host))) {
      sendError(
        response,
        new RequestError(
          403,
          'api_host_refused',
          `Host "${host}" is not a loopback name; set api.listen.token to serve other names`,
        ),
      );
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const origin = request.headers.origin;
      if (origin !== undefined && originHost(origin) !== host.toLowerCase()) {
        sendError(response, new RequestError(403, 'api_origin_refused', 'Writes are accepted from this site only'));
        return;
      }
      if (request.headers['sec-fetch-site'] === 'cross-site') {
        sendError(response, new RequestError(403, 'api_origin_refused', 'Writes are accepted from this site only'));
        return;
      }
      if (request.method === 'POST' && request.is('application/json') !== 'application/json') {
        sendError(response, new RequestError(415, 'api_body_not_json', 'Send the body as application/json'));
        return;
      }
    }
    next();
  };
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

const COOKIE = 'weir_token';

/**
 * With a token configured: bearer for programs, a cookie for browsers. `/?token=...` sets the cookie and redirects to
 * the address without it, so that the token stays out of the history and of what is shared.
 */
export function authentication(listen: ListenConfig): RequestHandler {
  const token = listen.token;
  if (token === undefined) return (_request, _response, next) => next();
  return (request, response, next) => {
    if (request.path === '/healthz') return next();
    const given = request.query['token'];
    if (request.method === 'GET' && typeof given === 'string' && !request.path.startsWith('/api/')) {
      if (!same(given, token)) {
        response.status(401).type('text/plain').send('This token is not the one in api.listen.token.\n');
        return;
      }
      response.cookie(COOKIE, token, { httpOnly: true, sameSite: 'strict', path: '/', maxAge: 30 * 86_400_000 });
      const target = new URL(request.originalUrl, 'http://weir.invalid');
      target.searchParams.delete('token');
      response.redirect(303, `/${target.pathname.replace(/^\/+/, '')}${target.search}`);
      return;
    }
    if (authorized(listen, request.headers.authorization) || same(readCookie(request.headers.cookie) ?? '', token))
      return next();
    if (request.path.startsWith('/api/') || request.path === '/metrics' || request.path === '/readyz') {
      sendError(
        response,
        new RequestError(401, 'api_token_missing', 'Sign in: open /?token=... with the token of api.listen.token'),
      );
      return;
    }
    response
      .status(401)
      .type('text/plain')
      .send('Weir asks for its token: open this address with ?token=... (api.listen.token of the configuration).\n');
  };
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function readCookie(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() !== COOKIE) continue;
    try {
      return decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      return undefined;
    }
  }
  return undefined;
}
