import type { Request } from 'express';
import { type ZodType, z } from 'zod';
import type { Labels } from '../core/labels.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { type Millis, STEP_MS, stepStart } from '../core/time.ts';
import { invalid } from './failure.ts';

export interface Range {
  readonly from: Millis;
  readonly to: Millis;
  readonly step: Millis;
}

const POINTS = 600;

/**
 * `from`, `to` (unix milliseconds) and `step` of a query. Absent: the last hour, and the step that gives about 600
 * points. Ends are moved outward to whole steps. Throws `RequestError` 400 that names the field.
 */
export function parseRange(request: Request, now: Millis, longest: Millis): Range {
  const to = integer(request, 'to') ?? now;
  const from = integer(request, 'from') ?? to - 3_600_000;
  if (from >= to) throw invalid('query.from', '"from" must be before "to"');
  if (to - from > longest) throw invalid('query.from', `The range is longer than ${Math.floor(longest / 3_600_000)} h`);
  if (to > now + 86_400_000) throw invalid('query.to', '"to" lies more than a day ahead');
  const asked = integer(request, 'step');
  if (asked !== undefined && (asked < STEP_MS || asked % STEP_MS !== 0)) {
    throw invalid('query.step', `"step" must be a multiple of ${STEP_MS} ms`);
  }
  const step = Math.max(asked ?? 0, stepFor(to - from));
  return { from: stepStart(from, step), to: stepStart(to + step - 1, step), step };
}

/** The smallest round multiple of 10 s that cuts `length` into at most about 600 points. */
export function stepFor(length: Millis): Millis {
  const seconds = [10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const found = seconds.find((size) => length / (size * 1000) <= POINTS);
  return (found ?? 14_400) * 1000;
}

function integer(request: Request, name: string): number | undefined {
  const text = parseText(request, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalid(`query.${name}`, `"${name}" must be a whole number of milliseconds`);
  return value;
}

/** The body as `schema` has it. Throws `RequestError` 400 that names the first field that is wrong. */
export function parseBody<T>(request: Request, schema: ZodType<T>): T {
  const body = schema.safeParse(request.body);
  if (body.success) return body.data;
  const [issue] = body.error.issues;
  throw invalid(['body', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'The body is not what this needs');
}

/** Who says something, as people write their names. */
export const personName = z.string().trim().min(1).max(80);

/** One value of the query, at most 500 characters, or undefined. A repeated name is an error. */
export function parseText(request: Request, name: string): string | undefined {
  const value = request.query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || value.length > 500)
    throw invalid(`query.${name}`, `"${name}" must be given once, as text`);
  return value;
}

/** One of `choices`, as written there, or undefined. */
export function parseChoice<T extends string>(request: Request, name: string, choices: readonly T[]): T | undefined {
  const text = parseText(request, name);
  if (text !== undefined && !(choices as readonly string[]).includes(text))
    throw invalid(`query.${name}`, `"${name}" is one of ${choices.join(', ')}`);
  return text as T | undefined;
}

const MOST_PAIRS = 16;

/** `name=key=value`, as often as it is given, at most 16 times; undefined when it is not. The first `=` ends the key. */
export function parsePairs(request: Request, name: string): Labels | undefined {
  const value = request.query[name];
  if (value === undefined || value === '') return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MOST_PAIRS) throw invalid(`query.${name}`, `"${name}" is given more than ${MOST_PAIRS} times`);
  const pairs = list.map((pair): [string, string] => {
    const end = typeof pair === 'string' && pair.length <= 5000 ? pair.indexOf('=') : -1;
    if (end < 1) throw invalid(`query.${name}`, `"${name}" is written key=value`);
    return [(pair as string).slice(0, end), (pair as string).slice(end + 1)];
  });
  return Object.fromEntries(pairs);
}

export function parseSignals(request: Request): readonly Signal[] | undefined {
  const text = parseText(request, 'signals');
  if (text === undefined) return undefined;
  return text.split(',').map((name) => {
    if (!(SIGNALS as readonly string[]).includes(name))
      throw invalid('query.signals', `"${name}" is not a signal; known are ${SIGNALS.join(', ')}`);
    return name as Signal;
  });
}

export function parseNumber(request: Request, name: string, least: number, most: number): number | undefined {
  const text = parseText(request, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value >= least && value <= most))
    throw invalid(`query.${name}`, `"${name}" must be a number from ${least} to ${most}`);
  return value;
}
