import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { createGunzip } from 'node:zlib';
import { errorMessage, WeirError } from '../core/errors.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders & { readonly 'user-agent'?: string };
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

export interface Route {
  readonly method: string;
  /** `/api/incidents/:id` */
  readonly path: string;
  readonly handle: (request: Request) => Answer | Promise<Answer>;
}

export const MAX_BODY = 16 * 1024 * 1024;

export function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** The parameters of `path` if it has the shape of `pattern`. */
function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [want, have] = [pattern.split('/'), path.split('/')];
  if (want.length !== have.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    const given = have[i] ?? '';
    if (!part.startsWith(':')) {
      if (part !== given) return undefined;
      continue;
    }
    if (given === '') return undefined;
    try {
      params[part.slice(1)] = decodeURIComponent(given);
    } catch {
      return undefined;
    }
  }
  return params;
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new WeirError(
      'alerting_encoding_unsupported',
      `content-encoding ${encoding} is not supported; use gzip or none`,
    );
  }
  const type = message.headers['content-type'];
  const source = encoding === 'gzip' ? message.pipe(createGunzip()) : message;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY) throw new WeirError('alerting_body_too_large', `the body is larger than ${MAX_BODY} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('alerting_body_invalid', `body: cannot be read: ${errorMessage(error)}`);
  }
  if (size === 0) return undefined;
  // A page of another origin can post text or forms without asking, but not JSON.
  if (type === undefined || !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new WeirError('alerting_type_unsupported', `content-type ${type ?? '(none)'} is not application/json`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new WeirError('alerting_body_invalid', `body: is not JSON: ${errorMessage(error)}`);
  }
}

/** The name of a Host header without its port. */
function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '');
}

/** The HTTP status of an error thrown by a handler. */
export function statusOf(error: unknown): number {
  const code = error instanceof WeirError ? error.code : '';
  if (code.endsWith('_unknown')) return 404;
  if (code.endsWith('_over')) return 409;
  if (code.endsWith('_too_large')) return 413;
  if (code.endsWith('_unsupported')) return 415;
  return code.endsWith('_invalid') ? 400 : 500;
}

export interface HttpOptions {
  readonly routes: readonly Route[];
  /** Answers paths that need no token, or undefined. */
  readonly open: (path: string) => Promise<Answer | undefined> | Answer | undefined;
  readonly authorized: (authorization: string | undefined) => boolean;
  /** Whether a request may name this host; keeps pages of other origins out of a server that asks for no token. */
  readonly hostAllowed: (host: string) => boolean;
  readonly onError: (error: unknown, path: string) => void;
}

/**
 * A small JSON server: routes by method and path, bodies as JSON (gzip or not), errors as a JSON string with 400, 404,
 * 405, 409, 413 or 415. No input makes it throw.
 */
export function createHttp(options: HttpOptions): Server {
  const answer = async (message: IncomingMessage): Promise<Answer> => {
    const url = new URL(message.url ?? '/', 'http://weir');
    const method = message.method === 'HEAD' ? 'GET' : (message.method ?? 'GET');
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
    const open = method === 'GET' ? await options.open(path) : undefined;
    if (open !== undefined) return open;
    if (!options.hostAllowed(hostName(message.headers.host))) return json(403, 'this host name is not served here');
    if (!options.authorized(message.headers.authorization))
      return json(401, 'a token is needed: Authorization: Bearer <token>');
    const found = options.routes.flatMap((route) => {
      const params = matchPath(route.path, path);
      return params === undefined ? [] : [{ route, params }];
    });
    if (found.length === 0) return json(404, `there is no ${path}`);
    const hit = found.find(({ route }) => route.method === method);
    if (hit === undefined) return json(405, `${path} takes ${found.map(({ route }) => route.method).join(' or ')}`);
    const body = method === 'GET' ? undefined : await readBody(message);
    const request = { method, path, query: url.searchParams, params: hit.params, headers: message.headers, body };
    return await hit.route.handle(request as Request);
  };
  return createServer(async (message, response) => {
    let result: Answer;
    try {
      result = await answer(message);
    } catch (error) {
      const status = statusOf(error);
      if (status === 500) options.onError(error, message.url ?? '');
      result = json(status, status === 500 ? 'internal error' : errorMessage(error));
    }
    // What is left of a refused body is not read.
    if (!message.complete) response.setHeader('connection', 'close');
    response.writeHead(result.status, {
      'content-type': result.contentType,
      'content-length': Buffer.byteLength(result.body),
    });
    response.end(message.method === 'HEAD' ? undefined : result.body);
  });
}
