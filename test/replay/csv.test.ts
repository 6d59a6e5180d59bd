import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WeirError } from '../../core/errors.ts';
import { type CsvOptions, parseCsv } from '../../replay/csv.ts';
import { createTimeline } from '../../replay/timeline.ts';
import { sentPoints } from './receiver.ts';

const options: CsvOptions = { file: 'cpu.csv', stem: 'cpu', metric: 'weir.replayed' };
const unmoved = createTimeline(0, 0, 1);

function points(text: string, more: Partial<CsvOptions> = {}) {
  const recording = parseCsv(text, { ...options, ...more });
  const bodies = [];
  for (let batch = recording.take(Infinity); batch; batch = recording.take(Infinity)) bodies.push(batch);
  return sentPoints(bodies.map((batch) => ({ path: '', headers: {}, body: Buffer.from(batch.body(unmoved)) }))).map(
    ({ time, signal, value }) => [time, signal, value],
  );
}

describe('parseCsv', () => {
  test('a lone column called value is named after the file', () => {
    expect(points('timestamp,value\n10,1.5\n20,-2\n')).toEqual([
      [10_000, 'cpu', 1.5],
      [20_000, 'cpu', -2],
    ]);
  });

  test('a wide file has one signal per column; empty cells are gaps', () => {
    expect(points('cpu,time,disk\n1,10,2\n,20,NaN\n3,30,\n')).toEqual([
      [10_000, 'cpu', 1],
      [10_000, 'disk', 2],
      [30_000, 'cpu', 3],
    ]);
  });

  test('labels are no signal unless they are asked for', () => {
    const text = 'timestamp,value,label\n10,7,1\n';
    expect(points(text)).toEqual([[10_000, 'cpu', 7]]);
    expect(points(text, { columns: ['value', 'label'] })).toEqual([
      [10_000, 'value', 7],
      [10_000, 'label', 1],
    ]);
  });

  test('rows out of order are put in order', () => {
    expect(points('timestamp,value\n30,3\n10,1\n20,2\n').map(([, , value]) => value)).toEqual([1, 2, 3]);
  });

  test('a byte order mark, CRLF and empty lines do not matter', () => {
    expect(points('\uFEFFtimestamp,value\r\n10,1\r\n\r\n20,2\r\n')).toHaveLength(2);
  });

  test('without times the rows get the distance that is given', () => {
    expect(points('a,b\n1,2\n3,4\n', { interval: 60_000 }).map(([time]) => time)).toEqual([0, 0, 60_000, 60_000]);
  });

  test('service, pipeline and metric are what was asked for', () => {
    const recording = parseCsv('t0,value\n10,1\n', {
      ...options,
      timeColumn: 'T0',
      service: 'machine',
      pipeline: 'plant',
      metric: 'temperature',
    });
    const body = Buffer.from(recording.take(Infinity)?.body(unmoved) ?? []);
    expect(sentPoints([{ path: '', headers: {}, body }])[0]).toEqual({
      time: 10_000,
      value: 1,
      signal: 'cpu',
      metric: 'temperature',
      resource: { 'service.name': 'machine', 'weir.origin': 'replayed', 'weir.pipeline': 'plant' },
    });
  });

  test('take stops at the time and at the size of a request', () => {
    const rows = Array.from({ length: 4500 }, (_, i) => `${i},${i}`).join('\n');
    const recording = parseCsv(`timestamp,value\n${rows}\n`, options);
    expect(recording.next()).toBe(0);
    expect(recording.take(-1)).toBeUndefined();
    expect(recording.take(9000)?.count).toBe(10);
    expect(recording.next()).toBe(10_000);
    expect([recording.take(Infinity), recording.take(Infinity), recording.take(Infinity)].map((b) => b?.count)).toEqual(
      [2000, 2000, 490],
    );
    expect(recording.next()).toBeNaN();
  });

  test.each([
    ['timestamp,value\n10,1\n20,abc\n', 'replay_csv_value_invalid', 'cpu.csv:3: column value: "abc" is not a number'],
    ['timestamp,value\n10,1\n\nnoon,2\n', 'replay_csv_time_invalid', 'cpu.csv:4: "noon" is no timestamp'],
    ['timestamp,value\n10\n', 'replay_csv_row_invalid', 'cpu.csv:2: 1 cells where the header has 2'],
    ['a,b\n1,2\n', 'replay_csv_header_invalid', 'cpu.csv:1: no column of times'],
    ['timestamp\n1\n', 'replay_csv_header_invalid', 'cpu.csv:1: no column of values'],
    ['timestamp,value\n', 'replay_file_empty', 'cpu.csv: no points'],
    ['', 'replay_csv_header_invalid', 'cpu.csv:1'],
  ])('%j is refused as %s', (text, code, message) => {
    expect(() => parseCsv(text, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [{ timeColumn: 'when' }, 'no column "when"; the columns are timestamp, value'],
    [{ columns: ['cpu'] }, 'no column "cpu"; the columns are timestamp, value'],
  ])('a column that is not there is refused with those that are: %j', (more, message) => {
    expect(() => parseCsv('timestamp,value\n1,2\n', { ...options, ...more })).toThrow(message);
  });

  test('no text brings anything but points or a typed error', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('1', 'timestamp', '2014-03-07', '\n', '"', ','));
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        try {
          parseCsv(cells.join(','), options);
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
        }
      }),
    );
  });
});
