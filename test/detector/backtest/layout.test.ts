import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FEWEST_ROWS, type Layout, type NoSeries, parseValue, readLayout } from '../../../detector/backtest/layout.ts';

function layout(text: string, timeColumn?: string): Layout {
  const found = readLayout(text.split('\n'), timeColumn);
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

function reason(text: string, timeColumn?: string): string {
  return (readLayout(text.split('\n'), timeColumn) as NoSeries).reason;
}

const numbers = (columns: number, rows = FEWEST_ROWS) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, c) => i * c).join(',')).join('\n');

describe('readLayout', () => {
  test('a time, a value, and a label that nobody reads', () => {
    expect(layout('timestamp,value,label\n10,1.5,0\n20,2,1')).toEqual({
      cells: 3,
      header: true,
      time: 0,
      timeName: 'timestamp',
      values: [1],
      names: ['value'],
      label: 2,
      unread: ['label'],
    });
  });

  test.each(['label', 'Anomaly', 'is_anomaly'])('a column called %s is not read, numeric or not', (name) => {
    expect(layout(`t,v,${name}\n1,5,0\n2,6,1`)).toMatchObject({ names: ['v'], unread: [name] });
  });

  test.each([
    ['time', '10,1\n20,2'],
    ['t', '1525405459,1\n1525405460,2'],
    ['ts', '1525405459000,1\n1525405460000,2'],
    ['Date', '2014-03-07 12:00:00,1\n2014-03-07 12:05:00.250,2'],
    ['TimeStamp', '2014-03-07T12:00:00Z,1\n2014-03-07T12:05:00Z,2'],
    ['_time', '1394193600000000000,1\n1394193660000000000,2'],
  ])('a column called %s has the times', (name, rows) => {
    expect(layout(`${name},cpu\n${rows}`)).toMatchObject({ time: 0, timeName: name, names: ['cpu'] });
  });

  test('the column of times may be anywhere, and be named by who runs it', () => {
    expect(layout('cpu,when,disk\n1,10,2\n3,20,4', 'When')).toMatchObject({ time: 1, names: ['cpu', 'disk'] });
    expect(reason('cpu,disk\n1,2\n3,4', 'when')).toBe('there is no column "when"');
  });

  test('of two columns of times the one that can be read is taken, the other is no value', () => {
    const found = layout('time,timestamp,v\nnoon,10,1\nnight,20,2');
    expect(found).toMatchObject({ time: 1, names: ['v'], unread: ['time'] });
  });

  test('texts are left out and named; a column that is empty throughout may fill later', () => {
    const found = layout('t,pod,cpu,later\n1,a-1,5,\n2,a-2,6,\n3,7,,');
    expect(found).toMatchObject({ names: ['cpu', 'later'], unread: ['pod'] });
  });

  test('a few cells that are no numbers do not make a column a text', () => {
    expect(layout('t,v\n1,5\n2,oops\n3,6\n4,NaN')).toMatchObject({ names: ['v'] });
  });

  test('numbers without times are a series when there are enough of them', () => {
    expect(layout(`c01,c02,label\n${numbers(3)}`)).toMatchObject({
      time: -1,
      names: ['c01', 'c02'],
      timeName: undefined,
    });
    expect(reason(`c01,c02\n${numbers(2, FEWEST_ROWS - 1)}`)).toContain('fewer than 100 rows');
  });

  test('a file without a header gets numbers as names; its dates or unix times are found', () => {
    expect(layout(numbers(2))).toMatchObject({ header: false, time: -1, names: ['column_1', 'column_2'] });
    expect(layout('2014-03-07 12:00,1\n2014-03-07 12:05,2')).toMatchObject({
      header: false,
      time: 0,
      names: ['column_2'],
    });
    expect(layout('1491041280,35\n1491041340,36')).toMatchObject({ header: false, time: 0 });
    expect(layout(',cpu\n1491041280,35\n1491041340,36')).toMatchObject({ header: true, time: 0, names: ['cpu'] });
  });

  test.each([
    ['file,rows,interval_s\na.csv,358,3600\nb.csv,710,3600', 'no column of times, and not all of it is numbers'],
    ['start,end,dims\n4629,4688,9 10 11\n5486,5491,18 2', 'no column of times'],
    ['trace,type\nx,bursty\ny,stalled', 'no column of numbers'],
    ['t,text\n1,a\n2,b', 'no column of numbers'],
    ['timestamp,value\nnoon,1\nnight,2', 'cannot be read or do not grow'],
    ['timestamp,value\n30,1\n20,2\n10,3', 'cannot be read or do not grow'],
    ['timestamp,value', 'a header and no row'],
    ['', 'the file is empty'],
    ['\n \n', 'the file is empty'],
  ])('%j is no series', (text, expected) => {
    expect(reason(text)).toContain(expected);
  });

  test('names are unique and none is one of the answer', () => {
    expect(layout('t,score,alarm,a,a,,timestamp_\n1,2,3,4,5,6,7\n2,3,4,5,6,7,8').names).toEqual([
      'score_2',
      'alarm_2',
      'a',
      'a_2',
      'column_6',
      'timestamp_',
    ]);
  });

  test('no text brings anything but a layout or a reason', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('1', 'timestamp', '2014-03-07', '\n', '"', ','));
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        const found = readLayout(cells.join(',').split('\n'));
        if ('reason' in found) expect(found.reason).not.toBe('');
        else expect(found.names).toHaveLength(found.values.length);
      }),
    );
  });
});

describe('parseValue', () => {
  test.each([
    ['0', 0],
    ['-0.0', 0],
    [' 1.5 ', 1.5],
    ['1e-3', 0.001],
    ['6.702036e+08', 670_203_600],
    ['', Number.NaN],
    ['  ', Number.NaN],
    ['NaN', Number.NaN],
    ['null', Number.NaN],
    ['Infinity', undefined],
    ['-1e30', -1e30],
    ['1.1e30', undefined],
    ['-1e308', undefined],
    ['1,5', undefined],
    ['abc', undefined],
    ['1 2', undefined],
  ])('%j', (cell, expected) => {
    const value = parseValue(cell);
    if (expected === 0) expect(value === 0).toBe(true);
    else expect(value).toEqual(expected);
  });
});
