import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sending {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
}

/** One request to the receiver at `base`, its whole answer read. */
export function sendTo(base: string, path: string, body: Buffer | string, options: Sending = {}): Promise<Answer> {
  const { method = 'POST', headers = {}, agent } = options;
  return new Promise((done, fail) => {
    const request = httpRequest(
      `${options.url ?? base}${path}`,
      { method, headers, ...(agent === undefined ? {} : { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}
