import { describe, expect, it } from 'vitest';
import { holdingInterval, intervalHolds, namedIntervalConfig, timeIntervalConfig } from '../../alerting/intervals.ts';

const holds = (interval: object, time: string) => intervalHolds(timeIntervalConfig.parse(interval), Date.parse(time));
const errors = (interval: object) =>
  timeIntervalConfig.safeParse(interval).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);

describe('time intervals', () => {
  it.each([
    ['holds always when empty', {}, '2026-11-17T12:00:00Z', true],
    ['start is inclusive', { times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-11-17T09:00:00Z', true],
    ['end is exclusive', { times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-11-17T17:00:00Z', false],
    [
      '24:00 is the end of the day',
      { times: [{ start_time: '23:00', end_time: '24:00' }] },
      '2026-11-17T23:59:59Z',
      true,
    ],
    [
      'ranges of a field are OR',
      {
        times: [
          { start_time: '01:00', end_time: '02:00' },
          { start_time: '12:00', end_time: '13:00' },
        ],
      },
      '2026-11-17T12:30:00Z',
      true,
    ],
    ['fields are AND', { weekdays: ['tuesday'], months: ['december'] }, '2026-11-17T12:00:00Z', false],
    ['weekday range', { weekdays: ['monday:friday'] }, '2026-11-20T12:00:00Z', true],
    ['weekend', { weekdays: ['saturday', 'sunday'] }, '2026-11-20T12:00:00Z', false],
    ['Sunday starts the week', { weekdays: ['sunday:tuesday'] }, '2026-11-15T12:00:00Z', true],
    ['day of month', { days_of_month: ['1:5'] }, '2026-11-05T12:00:00Z', true],
    ['days from the end', { days_of_month: ['-3:-1'] }, '2026-11-28T12:00:00Z', true],
    ['days from the end, too early', { days_of_month: ['-3:-1'] }, '2026-11-27T12:00:00Z', false],
    ['from a day to the last', { days_of_month: ['15:-1'] }, '2026-02-28T12:00:00Z', true],
    ['ends beyond the month are pulled in', { days_of_month: ['28:31'] }, '2026-02-28T12:00:00Z', true],
    ['a day the month does not have', { days_of_month: ['31'] }, '2026-11-30T12:00:00Z', false],
    ['far negative start is the first', { days_of_month: ['-31:-30'] }, '2026-02-01T12:00:00Z', false],
    ['a leap day', { days_of_month: ['-1'] }, '2028-02-29T12:00:00Z', true],
    ['month by name', { months: ['november'] }, '2026-11-17T12:00:00Z', true],
    ['month by number', { months: [11] }, '2026-11-17T12:00:00Z', true],
    ['month range', { months: ['1:march'] }, '2026-02-17T12:00:00Z', true],
    ['year', { years: [2026] }, '2026-11-17T12:00:00Z', true],
    ['year range', { years: ['2027:2030'] }, '2026-11-17T12:00:00Z', false],
    [
      'another zone moves the day',
      { weekdays: ['wednesday'], location: 'Pacific/Auckland' },
      '2026-11-17T12:00:00Z',
      true,
    ],
    [
      'a zone with half an hour',
      { times: [{ start_time: '17:30', end_time: '17:31' }], location: 'Asia/Kolkata' },
      '2026-11-17T12:00:00Z',
      true,
    ],
    [
      'winter time',
      { times: [{ start_time: '09:00', end_time: '10:00' }], location: 'Europe/Zurich' },
      '2026-01-15T08:30:00Z',
      true,
    ],
    [
      'summer time',
      { times: [{ start_time: '09:00', end_time: '10:00' }], location: 'Europe/Zurich' },
      '2026-07-15T08:30:00Z',
      false,
    ],
    [
      'summer time, an hour earlier',
      { times: [{ start_time: '09:00', end_time: '10:00' }], location: 'Europe/Zurich' },
      '2026-07-15T07:30:00Z',
      true,
    ],
    [
      'the hour that comes twice, first',
      { times: [{ start_time: '02:00', end_time: '03:00' }], location: 'Europe/Zurich' },
      '2026-10-25T00:30:00Z',
      true,
    ],
    [
      'the hour that comes twice, second',
      { times: [{ start_time: '02:00', end_time: '03:00' }], location: 'Europe/Zurich' },
      '2026-10-25T01:30:00Z',
      true,
    ],
    ['midnight is hour 0', { times: [{ start_time: '00:00', end_time: '00:01' }] }, '2026-11-17T00:00:30Z', true],
  ])('%s', (_name, interval, time, expected) => {
    expect(holds(interval, time)).toBe(expected);
  });

  it('knows the zone of the machine', () => {
    const time = new Date(2026, 10, 17, 12, 30).toISOString();
    expect(holds({ times: [{ start_time: '12:00', end_time: '13:00' }], location: 'Local' }, time)).toBe(true);
  });

  it.each([
    [{ times: [{ start_time: '9:00', end_time: '17:00' }] }, 'times.0: "9:00" is not a time of day'],
    [{ times: [{ start_time: '17:00', end_time: '09:00' }] }, 'times.0: 17:00 is not before 09:00'],
    [{ times: [{ start_time: '24:01', end_time: '25:00' }] }, 'times.0: "24:01" is not a time of day'],
    [{ weekdays: ['funday'] }, 'weekdays.0: "funday" is not a weekday'],
    [{ weekdays: ['friday:monday'] }, 'weekdays.0: "friday:monday" ends before it starts'],
    [{ days_of_month: ['0'] }, 'days_of_month.0: "0" is not a day'],
    [{ days_of_month: ['32'] }, 'days_of_month.0: "32" is not a day'],
    [{ days_of_month: ['1:2:3'] }, 'days_of_month.0: "1:2:3" is not a day'],
    [{ months: ['13'] }, 'months.0: "13" is not a month'],
    [{ years: ['soon'] }, 'years.0: "soon" is not a year'],
    [{ location: 'Mars/Olympus' }, 'location: is not a time zone'],
    [{ weekday: ['monday'] }, ': Unrecognized key: "weekday"'],
  ])('refuses %o', (interval, message) => {
    expect(errors(interval)?.join('\n')).toContain(message);
  });

  it('finds the first interval that holds', () => {
    const named = new Map(
      [
        {
          name: 'night',
          time_intervals: [
            { times: [{ start_time: '22:00', end_time: '24:00' }] },
            { times: [{ start_time: '00:00', end_time: '06:00' }] },
          ],
        },
        { name: 'noon', time_intervals: [{ times: [{ start_time: '12:00', end_time: '13:00' }] }] },
      ].map((one) => {
        const parsed = namedIntervalConfig.parse(one);
        return [parsed.name, parsed.time_intervals] as const;
      }),
    );
    expect(holdingInterval(named, ['night', 'noon'], Date.parse('2026-11-17T12:10:00Z'))).toBe('noon');
    expect(holdingInterval(named, ['night'], Date.parse('2026-11-17T03:00:00Z'))).toBe('night');
    expect(holdingInterval(named, ['night', 'unknown'], Date.parse('2026-11-17T12:10:00Z'))).toBeUndefined();
  });
});
