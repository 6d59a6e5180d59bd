import { z } from 'zod';
import { errorMessage } from '../core/errors.ts';
import { type Millis, parseDuration } from '../core/time.ts';

/** A duration that must be longer than nothing, for the room's own settings. */
export function positiveDuration(defaultText: string) {
  return z
    .string()
    .default(defaultText)
    .transform((text, context): Millis => {
      try {
        const value = parseDuration(text);
        if (value > 0) return value;
        context.addIssue({ code: 'custom', message: 'must be longer than 0' });
      } catch (error) {
        context.addIssue({ code: 'custom', message: errorMessage(error) });
      }
      return z.NEVER;
    });
}
