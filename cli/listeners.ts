import type { WeirConfig } from '../config.ts';
import { assertBindAllowed, type ListenConfig } from '../core/listen.ts';

/** Every listener of the configuration by its path. */
export function listeners(config: WeirConfig): Readonly<Record<string, ListenConfig>> {
  return {
    'telemetry.listen': config.telemetry.listen,
    'collector.otlp_http': config.collector.otlp_http,
    'collector.otlp_grpc': config.collector.otlp_grpc,
    'alerting.listen': config.alerting.listen,
    'api.listen': config.api.listen,
  };
}

/** Throws `core_listen_unprotected` for the first listener that is off loopback without a token. */
export function assertListeners(config: WeirConfig): void {
  for (const [path, listen] of Object.entries(listeners(config))) assertBindAllowed(listen, path);
}

/** The configuration with `offset` added to every port, so that several instances can run side by side. */
export function shiftPorts(config: WeirConfig, offset: number): WeirConfig {
  const shift = <T extends { port: number }>(listen: T): T =>
    listen.port === 0 ? listen : { ...listen, port: listen.port + offset };
  return {
    ...config,
    telemetry: { ...config.telemetry, listen: shift(config.telemetry.listen) },
    store: { ...config.store, listen: shift(config.store.listen) },
    collector: {
      ...config.collector,
      otlp_http: shift(config.collector.otlp_http),
      otlp_grpc: shift(config.collector.otlp_grpc),
    },
    alerting: { ...config.alerting, listen: shift(config.alerting.listen) },
    api: { ...config.api, listen: shift(config.api.listen) },
  };
}
