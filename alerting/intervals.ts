import { z } from 'zod';
import { WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** Both ends inclusive, except `times`, whose end is exclusive and counted in minutes of the day. */
type Range = readonly [number, number];

/** One entry of a time interval. Fields are joined by AND, the ranges of a field by OR; an absent field holds always. */
export interface TimeInterval {
  readonly times?: readonly Range[] | undefined;
  readonly weekdays?: readonly Range[] | undefined;
  readonly days_of_month?: readonly Range[] | undefined;
  readonly months?: readonly Range[] | undefined;
  readonly years?: readonly Range[] | undefined;
  /** IANA zone, or `Local` for the machine's. */
  readonly location: string;
}

function invalid(message: string): WeirError {
  return new WeirError('alerting_interval_invalid', message);
}

function parseClock(text: string): number {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  if (Number.isNaN(minutes) || minutes > 1440 || Number(match?.[2]) > 59) {
    throw invalid(`"${text}" is not a time of day: write HH:MM, from 00:00 to 24:00`);
  }
  return minutes;
}

/** `monday:friday`, `1:5`, `-3:-1` or a single value; `read` turns one end into a number or NaN. */
function parseRange(text: string, what: string, read: (end: string) => number): Range {
  const ends = text.toLowerCase().split(':');
  const [from, to] = [read((ends[0] ?? '').trim()), read((ends[1] ?? ends[0] ?? '').trim())];
  if (ends.length > 2 || Number.isNaN(from) || Number.isNaN(to))
    throw invalid(`"${text}" is not a ${what} or a range of them`);
  if (Math.sign(from) === Math.sign(to) && from > to) throw invalid(`"${text}" ends before it starts`);
  return [from, to];
}

const integer = (least: number, most: number) => (end: string) => {
  const value = /^-?\d+$/.test(end) ? Number(end) : Number.NaN;
  return Number.isNaN(value) || value < least || value > most ? Number.NaN : value;
};
const name = (names: readonly string[]) => (end: string) => (names.includes(end) ? names.indexOf(end) : Number.NaN);

function readMonth(end: string): number {
  return MONTHS.includes(end) ? MONTHS.indexOf(end) + 1 : integer(1, 12)(end);
}

function readDay(end: string): number {
  return end === '0' ? Number.NaN : integer(-31, 31)(end);
}

function list(parse: (text: string) => Range) {
  return z
    .array(
      z.union([z.string(), z.number().transform(String)]).transform((text, context): Range => {
        try {
          return parse(text);
        } catch (error) {
          context.addIssue({ code: 'custom', message: (error as WeirError).message });
          return z.NEVER;
        }
      }),
    )
    .optional();
}

export const timeIntervalConfig = z.strictObject({
  times: z
    .array(
      z.strictObject({ start_time: z.string(), end_time: z.string() }).transform((time, context): Range => {
        try {
          const range = [parseClock(time.start_time), parseClock(time.end_time)] as const;
          if (range[0] >= range[1]) throw invalid(`${time.start_time} is not before ${time.end_time}`);
          return range;
        } catch (error) {
          context.addIssue({ code: 'custom', message: (error as WeirError).message });
          return z.NEVER;
        }
      }),
    )
    .optional(),
  weekdays: list((text) => parseRange(text, 'weekday', name(WEEKDAYS))),
  days_of_month: list((text) => parseRange(text, 'day of the month', readDay)),
  months: list((text) => parseRange(text, 'month', readMonth)),
  years: list((text) => parseRange(text, 'year', integer(1, 9999))),
  location: z
    .string()
    .default('UTC')
    .refine(
      (zone) => zone === 'Local' || knownZone(zone),
      'is not a time zone of the IANA data base, such as Europe/Zurich',
    ),
});

export const namedIntervalConfig = z.strictObject({
  name: z.string().min(1),
  time_intervals: z.array(timeIntervalConfig).min(1),
});

interface WallTime {
  readonly minute: number;
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...(zone === 'Local' ? {} : { timeZone: zone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      weekday: 'long',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

function knownZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

function wallTime(now: Millis, zone: string): WallTime {
  const parts: Record<string, string> = {};
  for (const part of formatOf(zone).formatToParts(now)) parts[part.type] = part.value;
  return {
    minute: Number(parts['hour']) * 60 + Number(parts['minute']),
    weekday: WEEKDAYS.indexOf((parts['weekday'] ?? '').toLowerCase()),
    day: Number(parts['day']),
    month: Number(parts['month']),
    year: Number(parts['year']),
  };
}

/** Negative days count from the end of the month (-1 is the last day); ends beyond the month are pulled to its edge. */
function dayHolds(range: Range, wall: WallTime): boolean {
  const length = new Date(Date.UTC(wall.year, wall.month, 0)).getUTCDate();
  const place = (day: number) => (day < 0 ? length + day + 1 : day);
  const from = place(range[0]);
  if (from > length) return false;
  return wall.day >= Math.max(1, from) && wall.day <= Math.min(length, place(range[1]));
}

const within = (value: number) => (range: Range) => value >= range[0] && value <= range[1];

/** Whether `now` lies in the interval, by the wall clock of its zone. */
export function intervalHolds(interval: TimeInterval, now: Millis): boolean {
  const wall = wallTime(now, interval.location);
  return (
    (interval.times?.some((range) => wall.minute >= range[0] && wall.minute < range[1]) ?? true) &&
    (interval.weekdays?.some(within(wall.weekday)) ?? true) &&
    (interval.days_of_month?.some((range) => dayHolds(range, wall)) ?? true) &&
    (interval.months?.some(within(wall.month)) ?? true) &&
    (interval.years?.some(within(wall.year)) ?? true)
  );
}

export type NamedIntervals = ReadonlyMap<string, readonly TimeInterval[]>;

/** The first of `names` whose interval holds now. */
export function holdingInterval(named: NamedIntervals, names: readonly string[], now: Millis): string | undefined {
  return names.find((one) => named.get(one)?.some((interval) => intervalHolds(interval, now)));
}
