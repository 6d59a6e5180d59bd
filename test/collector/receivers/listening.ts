import { Admission } from '../../../collector/admission.ts';
import { collectorConfig } from '../../../collector/config.ts';
import type { Ingest } from '../../../collector/ingest.ts';
import { createOtlpGrpcReceiver } from '../../../collector/receivers/otlp-grpc.ts';
import { createOtlpHttpReceiver } from '../../../collector/receivers/otlp-http.ts';
import type { Health, Service } from '../../../core/service.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';

export interface Taken {
  readonly signal: string;
  readonly encoding: string;
  readonly text: string;
}

export interface Listening {
  readonly receiver: Service & { url(): string };
  readonly url: string;
  /** What was handed on, copied when it came. */
  readonly taken: Taken[];
  /** Codes of requests that were turned away. */
  readonly refused: string[];
  readonly admission: Admission;
}

export interface ListeningOptions {
  /** What becomes of a request. */
  readonly consume?: () => Promise<void>;
  readonly health?: Health;
  readonly maxInFlight?: number;
}

/** A receiver on a free port before an ingest that only remembers; `overrides` is its configuration as users write it. */
export async function listenOn(
  kind: 'otlp_http' | 'otlp_grpc',
  overrides: Record<string, unknown> = {},
  options: ListeningOptions = {},
): Promise<Listening> {
  const config = collectorConfig.parse({ [kind]: { port: 0, ...overrides } });
  const taken: Taken[] = [];
  const refused: string[] = [];
  const ingest: Ingest = {
    refusal: () => undefined,
    refused: (_receiver, _signal, error) => refused.push((error as { code?: string }).code ?? String(error)),
    async consume(_receiver, signal, encoding, bytes) {
      taken.push({ signal, encoding, text: Buffer.from(bytes).toString('latin1') });
      await options.consume?.();
      return { accepted: 1, rejected: 0, message: '' };
    },
  };
  const admission = new Admission(options.maxInFlight ?? 256 << 20);
  const shared = {
    ingest,
    admission,
    health: { collector: () => options.health ?? { ready: true } },
    telemetry: silentTelemetry(),
  };
  const receiver =
    kind === 'otlp_http'
      ? createOtlpHttpReceiver({ config: config.otlp_http, ...shared })
      : createOtlpGrpcReceiver({ config: config.otlp_grpc, ...shared });
  await receiver.start();
  return { receiver, url: receiver.url(), taken, refused, admission };
}
