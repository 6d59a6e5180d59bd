/**
 * What this package would rather have than OpenTelemetry's own defaults: a pipeline is seen within seconds, and the
 * command line, which may hold secrets, stays out of the resource. A variable that is set always wins.
 */
const PREFERRED: Readonly<Record<string, string>> = {
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  OTEL_BLRP_SCHEDULE_DELAY: '1000',
  OTEL_METRIC_EXPORT_INTERVAL: '10000',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,serviceinstance',
};

/** `k=v,k=v` as OTEL_RESOURCE_ATTRIBUTES wants it, appended to what is there: the last of two equal keys wins. */
export function resourceAttributes(present: string | undefined, added: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(added).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return [...(present?.trim() ? [present.trim()] : []), ...pairs].join(',');
}

/** Variables to set for the time of the start, computed from those that are set. */
export function preferredVariables(
  env: NodeJS.ProcessEnv,
  attributes: Readonly<Record<string, string>>,
): Record<string, string> {
  const variables = Object.fromEntries(Object.entries(PREFERRED).filter(([name]) => !env[name]?.trim()));
  // The periodic reader refuses a time-out longer than its interval.
  const interval = Number(env['OTEL_METRIC_EXPORT_INTERVAL'] || PREFERRED['OTEL_METRIC_EXPORT_INTERVAL']);
  if (interval > 0 && interval < 30_000 && !env['OTEL_METRIC_EXPORT_TIMEOUT']?.trim()) {
    variables['OTEL_METRIC_EXPORT_TIMEOUT'] = String(interval);
  }
  if (Object.keys(attributes).length > 0) {
    variables['OTEL_RESOURCE_ATTRIBUTES'] = resourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'], attributes);
  }
  return variables;
}

/**
 * Runs `action` with `variables` set and restores the environment after: child processes of the host must inherit
 * what its operator set, not what we would have liked.
 */
export function withVariables<T>(
  variables: Readonly<Record<string, string>>,
  action: () => T,
  env: NodeJS.ProcessEnv = process.env,
): T {
  const before = Object.keys(variables).map((name) => [name, env[name]] as const);
  Object.assign(env, variables);
  try {
    return action();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
  }
}
