import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { errorMessage, WeirError } from '../../../core/errors.ts';
import type { Ticket } from '../../admission.ts';
import { compressionNamed, unpack } from '../compression.ts';
import type { ScrapeJob } from './config.ts';
import type { ExpositionFormat } from './exposition.ts';
import type { Target } from './targets.ts';

/** What a target answered. */
export interface Page {
  readonly text: string;
  readonly format: ExpositionFormat;
}

/** How the targets of a job are connected to: connections stay open from one scrape to the next. */
export interface Connections {
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  close(): void;
}

/** Throws `collector_prometheus_tls_invalid` with the configuration path of a file that cannot be read or used. */
export function openConnections(job: ScrapeJob): Connections {
  const { ca_file, cert_file, key_file, server_name, insecure_skip_verify } = job.tls_config;
  const path = `collector.prometheus.scrape_configs[job_name=${job.job_name}].tls_config`;
  const read = (key: string, file: string | undefined) => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (cause) {
      const message = `${path}.${key}: cannot read ${file} (${errorMessage(cause)})`;
      throw new WeirError('collector_prometheus_tls_invalid', message, { cause });
    }
  };
  const [ca, cert, key] = [read('ca_file', ca_file), read('cert_file', cert_file), read('key_file', key_file)];
  const http = new HttpAgent({ keepAlive: true });
  const https = new HttpsAgent({
    keepAlive: true,
    rejectUnauthorized: !insecure_skip_verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(server_name === undefined ? {} : { servername: server_name }),
  });
  return {
    agents: { http, https },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

/** What Prometheus 3 asks for: names in UTF-8 as they are, not with underscores for what older ones cannot read. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
const MAX_REDIRECTS = 5;

/**
 * Fetches a target's exposition. Its bytes are counted on `ticket`, and nothing above `body_size_limit` is kept.
 * Throws `collector_prometheus_unreachable`, `_status`, `_timeout`, `_body_too_large`, `_malformed` and what `unpack`
 * throws; all but the one that `signal` ends are the target's own doing.
 */
export async function fetchPage(
  target: Target,
  { agents }: Connections,
  ticket: Ticket,
  signal: AbortSignal,
): Promise<Page> {
  const limit = target.job.body_size_limit === 0 ? Number.MAX_SAFE_INTEGER : target.job.body_size_limit;
  let url = target.url;
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(url, target, agents, signal);
    const status = answer.statusCode ?? 0;
    const location = answer.headers.location;
    if (status >= 300 && status < 400 && location !== undefined && target.job.follow_redirects) {
      answer.resume();
      if (redirects === MAX_REDIRECTS) throw failure('status', `more than ${MAX_REDIRECTS} redirects`);
      url = redirected(location, url);
      continue;
    }
    if (status !== 200) {
      answer.resume();
      throw failure('status', `the target answered ${status} ${answer.statusMessage ?? ''}`.trimEnd());
    }
    return await readPage(answer, limit, ticket, signal);
  }
}

function redirected(location: string, from: URL): URL {
  let url: URL | undefined;
  try {
    url = new URL(location, from);
  } catch {
    // Refused below.
  }
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw failure('status', `redirected to "${location.slice(0, 100)}", which is no address`);
  }
  return url;
}

function ask(url: URL, { job, url: home, timeout }: Target, agents: Connections['agents'], signal: AbortSignal) {
  const headers: Record<string, string> = {
    accept: ACCEPT,
    'accept-encoding': 'gzip',
    'user-agent': 'weir',
    'x-prometheus-scrape-timeout-seconds': String(timeout / 1000),
  };
  // Credentials are the target's, not those of a host that it points to.
  if (url.origin === home.origin) {
    const { basic_auth: basic, authorization } = job;
    if (basic !== undefined) {
      headers['authorization'] = `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
    } else if (authorization !== undefined) {
      headers['authorization'] = `${authorization.type} ${authorization.credentials}`;
    }
  }
  return new Promise<IncomingMessage>((done, fail) => {
    const send = () =>
      url.protocol === 'https:'
        ? requestHttps(url, { agent: agents.https, headers, signal })
        : requestHttp(url, { agent: agents.http, headers, signal });
    send()
      .on('response', done)
      .on('error', (error) => fail(brokenOff(error, signal)))
      .end();
  });
}

async function readPage(answer: IncomingMessage, limit: number, ticket: Ticket, signal: AbortSignal): Promise<Page> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw tooLarge(limit);
      ticket.grow(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    answer.destroy();
    throw error instanceof WeirError ? error : brokenOff(error, signal);
  }
  const packed = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
  const compression = compressionNamed(answer.headers['content-encoding']);
  let bytes: Uint8Array = packed;
  if (compression !== 'identity' && size > 0) {
    try {
      bytes = await unpack(compression, packed, limit, ticket);
    } catch (error) {
      const isLarge = error instanceof WeirError && error.code === 'collector_request_too_large';
      throw isLarge ? tooLarge(limit) : error;
    }
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WeirError('collector_prometheus_malformed', 'the answer is not UTF-8', { cause });
  }
  return { text, format: formatOf(answer.headers['content-type']) };
}

/** Anything that does not say it is OpenMetrics is read as text: exporters forget the header, and Prometheus reads them so. */
function formatOf(contentType: string | undefined): ExpositionFormat {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/vnd.google.protobuf') {
    throw failure('malformed', 'the answer is in protobuf, which was not asked for');
  }
  return type === 'application/openmetrics-text' ? 'openmetrics' : 'text';
}

function tooLarge(limit: number): WeirError {
  return failure('body_too_large', `the answer is larger than ${limit} bytes (body_size_limit)`);
}

function brokenOff(error: unknown, signal: AbortSignal): WeirError {
  const isTimeout = signal.aborted && (signal.reason as Error | undefined)?.name === 'TimeoutError';
  if (isTimeout) return failure('timeout', 'the target did not answer in time (scrape_timeout)', error);
  return failure('unreachable', errorMessage(error) || String((error as NodeJS.ErrnoException).code), error);
}

function failure(kind: string, message: string, cause?: unknown): WeirError {
  return new WeirError(`collector_prometheus_${kind}`, message, { retryable: true, cause });
}
