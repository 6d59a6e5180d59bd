import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { WeirError } from '../core/errors.ts';
import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { createMatcher, type Matcher, matchesAll } from './matchers.ts';

export const SILENCE_STATES = ['pending', 'active', 'expired'] as const;
export type SilenceState = (typeof SILENCE_STATES)[number];

/** A matcher as API v2 spells it. */
export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** A silence as it is stored. */
export interface Silence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: Millis;
  readonly endsAt: Millis;
  readonly updatedAt: Millis;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Labels;
}

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const postableSilence = z.object({
  id: z.string().optional(),
  matchers: z
    .array(
      z.object({
        name: z.string().min(1),
        value: z.string(),
        isRegex: z.boolean(),
        isEqual: z.boolean().default(true),
      }),
    )
    .min(1),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
export type PostableSilence = z.infer<typeof postableSilence>;

export function silenceMatcher(matcher: SilenceMatcher): Matcher {
  const operator = matcher.isRegex ? (matcher.isEqual ? '=~' : '!~') : matcher.isEqual ? '=' : '!=';
  return createMatcher(matcher.name, operator, matcher.value);
}

/** Throws `alerting_silence_invalid` with the path of what is wrong. */
export function parseSilence(value: unknown): PostableSilence {
  const parsed = postableSilence.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new WeirError('alerting_silence_invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  const silence = parsed.data;
  const matchers = silence.matchers.map((matcher, i) => {
    try {
      return silenceMatcher(matcher);
    } catch (error) {
      throw new WeirError('alerting_silence_invalid', `matchers.${i}: ${(error as WeirError).message}`);
    }
  });
  if (matchers.every((matcher) => matcher.matches(''))) {
    throw new WeirError('alerting_silence_invalid', 'matchers: at least one must not match the empty string');
  }
  if (silence.endsAt <= silence.startsAt) {
    throw new WeirError('alerting_silence_invalid', 'endsAt: must lie after startsAt');
  }
  return silence;
}

export function silenceState(silence: Silence, now: Millis): SilenceState {
  if (now >= silence.endsAt) return 'expired';
  return now < silence.startsAt ? 'pending' : 'active';
}

export interface SilenceStore {
  saveSilence(silence: Silence): void;
  deleteSilence(id: string): void;
}

/** The silences, written through to the store at every change. */
export class Silences {
  readonly #store: SilenceStore;
  readonly #now: () => Millis;
  readonly #silences = new Map<string, { silence: Silence; matchers: readonly Matcher[] }>();

  constructor(store: SilenceStore, now: () => Millis, known: readonly Silence[] = []) {
    this.#store = store;
    this.#now = now;
    for (const silence of known) this.#keep(silence);
  }

  #keep(silence: Silence): void {
    this.#silences.set(silence.id, { silence, matchers: silence.matchers.map(silenceMatcher) });
  }

  #put(silence: Silence): string {
    this.#store.saveSilence(silence);
    this.#keep(silence);
    return silence.id;
  }

  list(): Silence[] {
    return [...this.#silences.values()].map((entry) => entry.silence);
  }

  find(id: string): Silence | undefined {
    return this.#silences.get(id)?.silence;
  }

  /**
   * Creates or updates; the answer is the id. An update keeps the id only when the matchers are the same and the
   * times are legal for its state; else the old one is expired and a new one made.
   * Throws `alerting_silence_unknown`, `alerting_silence_invalid`.
   */
  set(given: PostableSilence): string {
    const now = this.#now();
    const old = given.id ? this.find(given.id) : undefined;
    if (given.id && old === undefined) {
      throw new WeirError('alerting_silence_unknown', `silence ${given.id} not found`);
    }
    if (given.endsAt <= now) throw new WeirError('alerting_silence_invalid', 'endsAt: must lie in the future');
    const { matchers, createdBy, comment } = given;
    const rest = {
      matchers,
      createdBy,
      comment,
      annotations: given.annotations ?? {},
      endsAt: given.endsAt,
      updatedAt: now,
    };
    if (old !== undefined && this.#canUpdate(old, given, now))
      return this.#put({ ...rest, id: old.id, startsAt: given.startsAt });
    if (old !== undefined && silenceState(old, now) !== 'expired') this.expire(old.id);
    return this.#put({ ...rest, id: randomUUID(), startsAt: Math.max(given.startsAt, now) });
  }

  #canUpdate(old: Silence, given: PostableSilence, now: Millis): boolean {
    if (JSON.stringify(old.matchers) !== JSON.stringify(given.matchers)) return false;
    const state = silenceState(old, now);
    if (state === 'active') return given.startsAt === old.startsAt;
    return state === 'pending' && given.startsAt >= now;
  }

  /** Ends a silence now; nothing to do when it is over. Throws `alerting_silence_unknown`. */
  expire(id: string): void {
    const now = this.#now();
    const silence = this.find(id);
    if (silence === undefined) throw new WeirError('alerting_silence_unknown', `silence ${id} not found`);
    if (silenceState(silence, now) === 'expired') return;
    this.#put({ ...silence, startsAt: Math.min(silence.startsAt, now), endsAt: now, updatedAt: now });
  }

  /** Ids of the active silences that match. */
  silencedBy(view: Labels): string[] {
    const now = this.#now();
    const ids: string[] = [];
    for (const { silence, matchers } of this.#silences.values()) {
      if (silenceState(silence, now) === 'active' && matchesAll(matchers, view)) ids.push(silence.id);
    }
    return ids;
  }

  /** Forgets silences that ended before `before`. */
  prune(before: Millis): void {
    for (const { silence } of this.#silences.values()) {
      if (silence.endsAt >= before) continue;
      this.#silences.delete(silence.id);
      this.#store.deleteSilence(silence.id);
    }
  }
}
