import { type ChildProcess, spawn } from 'node:child_process';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { median } from '../ingest/scenarios/history.ts';
import { createTemplates } from '../ingest/templates/template.ts';

/**
 * `node bench/grpc/main.ts [seconds]`: receiving OTLP over gRPC, ours beside @grpc/grpc-js, in turns. Each server is a
 * process of its own that takes the body and answers; what counts is its CPU for a request.
 */
const SECONDS = Number(process.argv[2] ?? 4);
const ROUNDS = 3;
const CONNECTIONS = 4;
const STREAMS = 4;
const KINDS = ['weir', 'grpc-js'] as const;
const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

interface Told {
  readonly cpuSeconds: number;
  readonly bytes: number;
  readonly residentMb: number;
}

class Serving {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(kind: string) {
    const script = join(import.meta.dirname, 'server.ts');
    this.#child = spawn(process.execPath, [script, kind], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async url(): Promise<string> {
    return ((await this.#next()) as { url: string }).url;
  }

  async ask(): Promise<Told> {
    this.#child.stdin?.write('\n');
    return (await this.#next()) as Told;
  }

  stop(): void {
    this.#child.stdin?.end();
  }

  async #next(): Promise<unknown> {
    return JSON.parse((await this.#lines.next()).value as string);
  }
}

function send(session: ClientHttp2Session, message: Buffer): Promise<void> {
  return new Promise((done, fail) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': METHOD,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status = '';
    stream.on('trailers', (trailers) => {
      status = String(trailers['grpc-status']);
    });
    stream.on('error', fail);
    stream.on('close', () => (status === '0' ? done() : fail(new Error(`grpc-status ${status}`))));
    stream.resume();
    stream.end(message);
  });
}

/** CPU microseconds of the server for one request of `spans` spans, and requests answered in a second. */
async function measure(kind: string, spans: number): Promise<{ cpu: number; rate: number; residentMb: number }> {
  const [template] = createTemplates({ signal: 'traces', host: 'x', items: spans, count: 1, seed: 1 });
  const body = (template as { body: Buffer }).body;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  const message = Buffer.concat([prefix, body]);
  const serving = new Serving(kind);
  const url = await serving.url();
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(url));
  await Promise.all(sessions.map((session) => send(session, message)));
  const before = await serving.ask();
  const began = performance.now();
  const loop = async (session: ClientHttp2Session) => {
    while (performance.now() - began < SECONDS * 1000) await send(session, message);
  };
  await Promise.all(sessions.flatMap((session) => Array.from({ length: STREAMS }, () => loop(session))));
  const seconds = (performance.now() - began) / 1000;
  const after = await serving.ask();
  for (const session of sessions) session.destroy();
  serving.stop();
  const requests = (after.bytes - before.bytes) / body.length;
  const cpu = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / requests;
  return { cpu, rate: requests / seconds, residentMb: after.residentMb };
}

for (const spans of [10, 200, 2048]) {
  const found = new Map(KINDS.map((kind) => [kind, [] as Awaited<ReturnType<typeof measure>>[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of KINDS) found.get(kind)?.push(await measure(kind, spans));
  }
  const [weir, stock] = KINDS.map((kind) => {
    const runs = found.get(kind) ?? [];
    return {
      cpu: median(runs.map(({ cpu }) => cpu)),
      rate: median(runs.map(({ rate }) => rate)),
      residentMb: median(runs.map(({ residentMb }) => residentMb)),
    };
  });
  if (weir === undefined || stock === undefined) continue;
  const line = ({ cpu, rate, residentMb }: typeof weir) =>
    `${cpu.toFixed(0)} us, ${rate.toFixed(0)}/s, ${residentMb.toFixed(0)} MB`;
  console.log(
    `${spans} spans a request: weir ${line(weir)}; grpc-js ${line(stock)}; CPU ratio ${(weir.cpu / stock.cpu).toFixed(2)}`,
  );
}
