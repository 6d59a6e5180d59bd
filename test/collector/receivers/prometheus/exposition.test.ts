import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ExpositionFormat,
  type ExpositionLimits,
  ExpositionReader,
  NO_LIMITS,
  type Sample,
} from '../../../../collector/receivers/prometheus/exposition.ts';
import { WeirError } from '../../../../core/errors.ts';

function read(text: string, format: ExpositionFormat = 'text', limits: Partial<ExpositionLimits> = {}) {
  const reader = new ExpositionReader(text, format, { ...NO_LIMITS, ...limits });
  const samples: Sample[] = [];
  for (let sample = reader.next(); sample !== undefined; sample = reader.next()) samples.push(sample);
  return { samples, metadata: reader.metadata };
}

const plain = ({ name, labels, value, timestamp, exemplar }: Sample) => ({
  name,
  labels: Object.fromEntries(labels),
  value,
  ...(timestamp === undefined ? {} : { timestamp }),
  ...(exemplar === undefined ? {} : { exemplar: { ...exemplar, labels: Object.fromEntries(exemplar.labels) } }),
});

const only = (line: string, format: ExpositionFormat = 'text') => {
  const { samples } = read(format === 'text' ? line : `${line}\n# EOF\n`, format);
  expect(samples).toHaveLength(1);
  return plain(samples[0] as Sample);
};

function failure(text: string, format: ExpositionFormat = 'text', limits: Partial<ExpositionLimits> = {}): WeirError {
  try {
    read(text, format, limits);
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    return error as WeirError;
  }
  throw new Error(`it was read: ${text}`);
}

describe('a sample', () => {
  it.each<[string, object]>([
    ['up 1', { name: 'up', labels: {}, value: 1 }],
    ['up{} 1', { name: 'up', labels: {}, value: 1 }],
    ['a:b_c9{x="1",y="2",} +1.5e3', { name: 'a:b_c9', labels: { x: '1', y: '2' }, value: 1500 }],
    [
      '\t a \t{ x = "1" , y="" }\t-2  1700000000123 ',
      { name: 'a', labels: { x: '1' }, value: -2, timestamp: 1700000000123 },
    ],
    ['a{path="C:\\\\DIR\\"\\n\\d"} .5', { name: 'a', labels: { path: 'C:\\DIR"\n\\d' }, value: 0.5 }],
    ['a{x="}{,= # é🚀"} 1.', { name: 'a', labels: { x: '}{,= # é🚀' }, value: 1 }],
    ['{"http.requests",code="200"} 3', { name: 'http.requests', labels: { code: '200' }, value: 3 }],
    ['{code="200","http.requests"} 3', { name: 'http.requests', labels: { code: '200' }, value: 3 }],
    ['a{"label with space"="v"} 3', { name: 'a', labels: { 'label with space': 'v' }, value: 3 }],
    ['a -1 -1000', { name: 'a', labels: {}, value: -1, timestamp: -1000 }],
  ])('%s', (line, sample) => {
    expect(only(line)).toEqual(sample);
  });

  it.each([
    ['NaN', Number.NaN],
    ['nan', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['1e-300', 1e-300],
    ['12345678901234567890', 12345678901234567000],
  ])('has the value %s', (text, value) => {
    expect(only(`a ${text}`).value).toBe(value);
  });

  it('of OpenMetrics has its time in seconds, and an exemplar with a time of its own', () => {
    const line = 'foo_bucket{le="0.1"} 8 123.5 # {trace_id="oHg5SJYRHA0"} 0.067 1520879607.789';
    expect(only(line, 'openmetrics')).toEqual({
      name: 'foo_bucket',
      labels: { le: '0.1' },
      value: 8,
      timestamp: 123500,
      exemplar: { labels: { trace_id: 'oHg5SJYRHA0' }, value: 0.067, timestamp: 1520879607789 },
    });
    expect(only('foo_total 17.0 # {} 1', 'openmetrics')).toMatchObject({ exemplar: { labels: {}, value: 1 } });
  });
});

describe('comments', () => {
  it('say what a family is; what nobody knows is passed over', () => {
    const { samples, metadata } = read(
      [
        '# HELP requests_total Requests\\nand \\\\ more',
        '# TYPE requests_total counter',
        '#TYPE ignored gauge',
        '# just a comment {[',
        '#',
        '# TYPE "utf8.name" gauge',
        '# HELP empty',
        '# HELP bare_help ',
        '# TYPE odd enum',
        'requests_total 1',
      ].join('\n'),
    );
    expect(samples).toHaveLength(1);
    expect(Object.fromEntries(metadata)).toEqual({
      requests_total: { type: 'counter', help: 'Requests\nand \\ more', unit: '' },
      'utf8.name': { type: 'gauge', help: '', unit: '' },
      empty: { type: 'unknown', help: '', unit: '' },
      bare_help: { type: 'unknown', help: '', unit: '' },
      odd: { type: 'unknown', help: '', unit: '' },
    });
  });

  it('of OpenMetrics tell the unit, and the end', () => {
    const { samples, metadata } = read(
      '# TYPE foo_seconds counter\n# UNIT foo_seconds seconds\n# HELP foo_seconds A \\"quoted\\" word\nfoo_seconds_total 1\n# EOF\n',
      'openmetrics',
    );
    expect(samples.map(plain)).toEqual([{ name: 'foo_seconds_total', labels: {}, value: 1 }]);
    expect(metadata.get('foo_seconds')).toEqual({ type: 'counter', help: 'A "quoted" word', unit: 'seconds' });
  });
});

describe('what no format allows and exporters do', () => {
  it('is read: carriage returns, blank lines, a last line without its end, nothing at all', () => {
    expect(read('a 1\r\n\r\n  \n\nb{x="1"} 2\r\nc 3').samples.map(plain)).toEqual([
      { name: 'a', labels: {}, value: 1 },
      { name: 'b', labels: { x: '1' }, value: 2 },
      { name: 'c', labels: {}, value: 3 },
    ]);
    expect(read('').samples).toEqual([]);
    expect(read('# EOF', 'openmetrics').samples).toEqual([]);
  });
});

describe('a malformed line', () => {
  it.each([
    ['no value', 'a', 'is not a value'],
    ['a word for a value', 'a one', '"one" is not a value'],
    ['a hexadecimal value', 'a 0x10', 'is not a value'],
    ['digits with underscores', 'a 1_000', 'is not a value'],
    ['a name that begins with a digit', '9a 1', 'a name is expected'],
    ['a page of HTML', '<html><body>404</body></html>', 'a name is expected'],
    ['an open brace', 'a{x="1" 1', 'do not end with a brace'],
    ['an open quote', 'a{x="1} 1', 'ends inside quotes'],
    ['a quote that is escaped away', 'a{x="1\\"} 1', 'ends inside quotes'],
    ['a value without quotes', 'a{x=1} 1', 'is not in quotes'],
    ['a label without a value', 'a{x} 1', 'has no value'],
    ['a label twice', 'a{x="1",x="2"} 1', 'stands twice'],
    ['a label twice, once empty', 'a{x="",x="2"} 1', 'stands twice'],
    ['two names', 'a{"b"} 1', 'has no value'],
    ['no name', '{x="1"} 1', 'has no name'],
    ['an empty name', '{""} 1', 'is empty'],
    ['a time that is no number', 'a 1 soon', 'is not a timestamp'],
    ['a time with a fraction', 'a 1 1.5', 'is no timestamp'],
    ['a time that never comes', 'a 1 +Inf', 'is no timestamp'],
    ['text after the time', 'a 1 1 1', 'after the sample'],
    ['an exemplar', 'a 1 # {x="1"} 1', 'the text format does not have'],
    ['a comma before labels', 'a{,x="1"} 1', 'a name is expected'],
  ])('with %s ends the reading, with its number', (_what, line, reason) => {
    const error = failure(`# TYPE a gauge\nok 1\n${line}\nafter 1\n`);
    expect(error).toMatchObject({ code: 'collector_prometheus_malformed', retryable: false });
    expect(error.message).toContain('line 3: ');
    expect(error.message).toContain(reason);
  });

  it('of OpenMetrics: what is not whole, what comes after the end, an exemplar without labels', () => {
    expect(failure('a 1\n', 'openmetrics').message).toContain('without # EOF');
    expect(failure('a 1\n# EOF\nb 1\n', 'openmetrics').message).toBe('line 3: text after # EOF');
    expect(failure('a 1 # 2\n# EOF\n', 'openmetrics').message).toContain('without labels');
    expect(failure('a 1 # {} x\n# EOF\n', 'openmetrics').message).toContain('value of the exemplar');
  });
});

describe('limits', () => {
  it.each<[string, Partial<ExpositionLimits>, string]>([
    ['of samples', { samples: 2 }, 'line 3: more than 2 samples (sample_limit)'],
    ['of labels', { labels: 1 }, 'line 2: more than 1 labels (label_limit)'],
    ['of the length of a name', { labelName: 3 }, "line 1: a label's name is longer than 3 (label_name_length_limit)"],
    [
      'of the length of a value',
      { labelValue: 4 },
      "line 2: a label's value is longer than 4 (label_value_length_limit)",
    ],
  ])('%s', (_what, limits, message) => {
    const error = failure('a{long="1"} 1\nb{x="12345",y="2"} 1\nc 1\n', 'text', limits);
    expect(error.code).toBe('collector_prometheus_over_limit');
    expect(error.message).toBe(message);
  });
});

describe('whatever bytes come', () => {
  const formats = fc.constantFrom<ExpositionFormat>('text', 'openmetrics');

  it('end in samples or in a typed error that names a line', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '{',
        '}',
        '"',
        '\\',
        '=',
        ',',
        ' ',
        '\t',
        '\n',
        '\r',
        '#',
        '# TYPE ',
        '# HELP ',
        '# EOF\n',
        'a',
        '1',
        'NaN',
        '1e9',
        ' # {',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), formats, (pieces, format) => {
        try {
          read(pieces.join(''), format);
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
          expect((error as WeirError).message).toMatch(/^line \d+: /);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('give back what was written', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
    const labels = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ maxLength: 20 }), {
      maxKeys: 6,
    });
    const sample = fc.record({
      name: fc.oneof(name, fc.string({ minLength: 1 })),
      labels,
      value: fc.double(),
      time: fc.option(fc.integer(), { nil: undefined }),
    });
    const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
    const number = (value: number) =>
      Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 10 }), (samples) => {
        const text = samples
          .map(({ name: metric, labels: pairs, value, time }) => {
            const inside = [
              quote(metric),
              ...Object.entries(pairs).map(([key, text]) => `${quote(key)}=${quote(text)}`),
            ];
            return `{${inside.join(',')}} ${number(value)}${time === undefined ? '' : ` ${time}`}\n`;
          })
          .join('');
        expect(read(text).samples.map(plain)).toEqual(
          samples.map(({ name: metric, labels: pairs, value, time }) => ({
            name: metric,
            labels: Object.fromEntries(Object.entries(pairs).filter(([, text]) => text !== '')),
            value: Object.is(value, -0) ? expect.closeTo(0) : value,
            ...(time === undefined ? {} : { timestamp: time }),
          })),
        );
      }),
    );
  });
});
