import type { LoadOptions } from '../load.ts';

/** What a scenario runs with. */
export interface Context {
  readonly seconds: number;
  readonly connections: number;
  /** Items of one request; a scenario has its own when it is not given. */
  readonly batch: number | undefined;
  readonly templates: number;
  readonly seed: number;
  /** Items a second of the paced scenarios. */
  readonly rate: number;
  /** Spans that `traces` and `dashboards` fill in. */
  readonly spans: number | undefined;
  /** Merge what is left before bytes are counted. */
  readonly optimize: boolean;
  /** `key=value` of the configuration. */
  readonly set: readonly string[];
  /** A new, empty folder for one platform. */
  folder(): string;
  log(text: string): void;
}

export function loadOptions(context: Context, url: string, signal: LoadOptions['signal'], batch = 2048): LoadOptions {
  const { connections, templates, seed } = context;
  return { url, signal, connections, templates, seed, batch: context.batch ?? batch };
}
