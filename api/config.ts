import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import { listenConfig } from '../core/listen.ts';

/** `api`: the browser's listener. With a token, people sign in once by `/?token=...`, programs send it as bearer. */
export const apiConfig = z.strictObject({
  listen: listenConfig(8080).prefault({}),
  /** How often connected browsers are told what changed. */
  live_interval: duration('2s'),
  /** Longest range one request may ask for. */
  max_range: duration('31d'),
});
export type ApiConfig = z.infer<typeof apiConfig>;
