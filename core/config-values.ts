import { z } from 'zod';
import type { WeirError } from './errors.ts';
import { type Millis, parseDuration } from './time.ts';

/** A duration in the configuration: text such as `30s` in, milliseconds out. */
export function duration(defaultText: string) {
  return z
    .string()
    .default(defaultText)
    .transform((text, context): Millis => {
      try {
        return parseDuration(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as WeirError).message });
        return z.NEVER;
      }
    });
}
