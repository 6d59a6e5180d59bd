import type { ErrorView, LiveMessages } from '../core/view.ts';

/** An answer that is not 2xx, in words for people. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') params.set(name, String(value));
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  let message = `The API answered ${response.status}`;
  try {
    message = ((await response.json()) as ErrorView).error.message;
  } catch {
    // The body is not ours (a proxy's page); the status is all there is to say.
  }
  throw new ApiError(response.status, message);
}

/** GET of one view. Throws `ApiError`, or the browser's own error when the API cannot be reached. */
export async function read<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return answer<T>(
    await fetch(withQuery(path, query), { headers: { accept: 'application/json' }, signal: signal ?? null }),
  );
}

/** POST of a decision: acknowledge, note, resolve. */
export async function write<T>(path: string, body: unknown): Promise<T> {
  return answer<T>(
    await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  );
}

/** DELETE of what was said, answered with what stands after it. */
export async function remove<T>(path: string, query: Query): Promise<T> {
  return answer<T>(await fetch(withQuery(path, query), { method: 'DELETE', headers: { accept: 'application/json' } }));
}

export interface LiveHandlers {
  readonly overview: (message: LiveMessages['overview']) => void;
  readonly incidents: (message: LiveMessages['incidents']) => void;
  readonly open: () => void;
  readonly lost: () => void;
}

/** Follows `/api/live`. The browser reconnects by itself; a refused stream (401, 503) is tried again every 5 s. */
export function openLive(handlers: LiveHandlers): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const connect = () => {
    const stream = new EventSource('/api/live');
    source = stream;
    stream.addEventListener('open', handlers.open);
    stream.addEventListener('overview', (event) => handlers.overview(JSON.parse((event as MessageEvent<string>).data)));
    stream.addEventListener('incidents', (event) =>
      handlers.incidents(JSON.parse((event as MessageEvent<string>).data)),
    );
    stream.addEventListener('error', () => {
      handlers.lost();
      if (stream.readyState === EventSource.CLOSED && !closed) timer = setTimeout(connect, 5000);
    });
  };
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
