import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CorsConfig } from '../../config.ts';

/** Whether pages of this origin may send; `*` in a pattern stands for any characters. */
export function isOriginAllowed(origin: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(origin);
  });
}

/** Adds the headers that let a browser's page read the answer. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, cors: CorsConfig): void {
  const { origin } = request.headers;
  if (cors.allowed_origins.length === 0) return;
  response.setHeader('vary', 'Origin');
  if (origin === undefined || !isOriginAllowed(origin, cors.allowed_origins)) return;
  response.setHeader('access-control-allow-origin', origin);
  // A page sees no other header of an answer, and must know how long to wait.
  response.setHeader('access-control-expose-headers', 'retry-after');
}

/** Answers a preflight request: may this page POST telemetry? */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, cors: CorsConfig): void {
  allowOrigin(request, response, cors);
  if (response.hasHeader('access-control-allow-origin')) {
    response.setHeader('access-control-allow-methods', 'POST');
    const headers = ['content-type', 'content-encoding', 'authorization', ...cors.allowed_headers];
    response.setHeader('access-control-allow-headers', headers.join(', '));
    response.setHeader('access-control-max-age', String(cors.max_age));
  }
  response.writeHead(204).end();
}
