import { readFileSync } from 'node:fs';
import { errorMessage, WeirError } from '../core/errors.ts';

/** A secret written in the configuration, or the file that holds it. */
export interface Secret {
  readonly value?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * The secret's text. A file is read at every use, so that a rotated secret needs no restart; white space around it is
 * not part of it. Throws `alerting_secret_unreadable`, retryable, without the contents.
 */
export function readSecret(secret: Secret, what: string): string {
  if (secret.value !== undefined) return secret.value;
  try {
    return readFileSync(secret.file ?? '', 'utf8').trim();
  } catch (error) {
    throw new WeirError('alerting_secret_unreadable', `${what} cannot be read: ${errorMessage(error)}`, {
      retryable: true,
    });
  }
}
