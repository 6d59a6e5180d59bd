import { WeirError } from '../../../core/errors.ts';
import type { Millis } from '../../../core/time.ts';
import { malformedLine, readLabels, readName, readNumber, skipBlanks } from './lexemes.ts';

/** `text`: Prometheus' text format 0.0.4. `openmetrics`: OpenMetrics 1.0, which ends with `# EOF`. Both may quote UTF-8 names. */
export type ExpositionFormat = 'text' | 'openmetrics';

export const METRIC_TYPES = [
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
  'unknown',
] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/** What comments say of a family of metrics. */
export interface Metadata {
  type: MetricType;
  help: string;
  unit: string;
}

export interface SampleExemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestamp: Millis | undefined;
}

/** One line. Labels with an empty value are left out: they mean the same as none. */
export interface Sample {
  readonly name: string;
  readonly labels: Map<string, string>;
  readonly value: number;
  readonly timestamp: Millis | undefined;
  readonly exemplar: SampleExemplar | undefined;
}

export interface ExpositionLimits {
  /** Samples of one text; 0 is no limit, as of the others. */
  readonly samples: number;
  /** Labels of one sample, its name not counted. */
  readonly labels: number;
  /** Characters of a label's name and of its value. */
  readonly labelName: number;
  readonly labelValue: number;
}

export const NO_LIMITS: ExpositionLimits = { samples: 0, labels: 0, labelName: 0, labelValue: 0 };

function overLimit(line: number, reason: string): WeirError {
  return new WeirError('collector_prometheus_over_limit', `line ${line}: ${reason}`);
}

/** Metadata belongs to families, which are as many as the exporter writes; the bound keeps a text without samples small. */
const MAX_FAMILIES = 100_000;

/**
 * Reads an exposition line by line: https://prometheus.io/docs/instrumenting/exposition_formats/ and
 * https://prometheus.io/docs/specs/om/open_metrics_spec/. A malformed line ends it with an error, as in Prometheus: half a
 * text would look like series that have gone. Taken although no format allows it: carriage returns, blank lines, a
 * last line without its end, and types nobody knows, which become `unknown`.
 */
export class ExpositionReader {
  readonly #text: string;
  readonly #format: ExpositionFormat;
  readonly #limits: ExpositionLimits;
  #at = 0;
  #line = 0;
  #samples = 0;
  #ended = false;
  /** By the name of the family as the comments give it. */
  readonly metadata = new Map<string, Metadata>();

  constructor(text: string, format: ExpositionFormat, limits: ExpositionLimits = NO_LIMITS) {
    this.#text = text;
    this.#format = format;
    this.#limits = limits;
  }

  /**
   * The next sample; undefined after the last one. Throws `collector_prometheus_malformed` and
   * `collector_prometheus_over_limit`, both with the number of the line; there is nothing to be read after.
   */
  next(): Sample | undefined {
    const text = this.#text;
    while (this.#at < text.length) {
      const from = this.#at;
      const newline = text.indexOf('\n', from);
      const next = newline < 0 ? text.length : newline + 1;
      let end = newline < 0 ? text.length : newline;
      if (end > from && text.charCodeAt(end - 1) === 0x0d) end--;
      this.#at = next;
      this.#line++;
      const at = skipBlanks(text, from, end);
      if (at === end) continue;
      if (this.#ended) throw malformedLine(this.#line, 'text after # EOF');
      if (text.charCodeAt(at) === 0x23) this.#comment(text.slice(at + 1, end));
      else return this.#sample(at, end);
    }
    if (this.#format === 'openmetrics' && !this.#ended) {
      throw malformedLine(this.#line, 'the text ends without # EOF: it is not whole');
    }
    return undefined;
  }

  #comment(comment: string): void {
    if (this.#format === 'openmetrics' && comment === ' EOF') {
      this.#ended = true;
      return;
    }
    const [, keyword, rest] = /^[ \t]+(HELP|TYPE|UNIT)[ \t]+(.*)$/.exec(comment) ?? [];
    if (keyword === undefined || rest === undefined) return;
    const { name, end } = readName(rest, 0, rest.length, this.#line);
    const value = rest.slice(end).trimStart();
    const known = this.metadata.get(name);
    if (known === undefined && this.metadata.size >= MAX_FAMILIES) {
      throw overLimit(this.#line, `more than ${MAX_FAMILIES} families of metrics`);
    }
    const metadata = known ?? { type: 'unknown', help: '', unit: '' };
    if (keyword === 'TYPE') metadata.type = typeNamed(value.trim());
    else if (keyword === 'UNIT') metadata.unit = value.trim();
    else metadata.help = unescapeHelp(value);
    this.metadata.set(name, metadata);
  }

  #sample(from: number, end: number): Sample {
    const text = this.#text;
    const line = this.#line;
    if (this.#limits.samples > 0 && ++this.#samples > this.#limits.samples) {
      throw overLimit(line, `more than ${this.#limits.samples} samples (sample_limit)`);
    }
    let at = from;
    let name = '';
    if (text.charCodeAt(at) !== 0x7b) {
      const read = readName(text, at, end, line);
      name = read.name;
      at = skipBlanks(text, read.end, end);
    }
    let labels = new Map<string, string>();
    if (text.charCodeAt(at) === 0x7b) {
      const read = readLabels(text, at, end, line, name === '');
      labels = read.labels;
      if (name === '') name = read.name;
      at = skipBlanks(text, read.end, end);
    }
    if (name === '') throw malformedLine(line, 'the sample has no name');
    this.#checkLabels(labels);
    const value = readNumber(text, at, end, line, 'value');
    at = skipBlanks(text, value.end, end);
    let timestamp: Millis | undefined;
    if (at < end && text.charCodeAt(at) !== 0x23) {
      const read = readNumber(text, at, end, line, 'timestamp');
      timestamp = this.#millis(read.number);
      at = skipBlanks(text, read.end, end);
    }
    let exemplar: SampleExemplar | undefined;
    if (at < end && text.charCodeAt(at) === 0x23) {
      ({ exemplar, end: at } = this.#exemplar(at + 1, end));
    }
    if (at < end) throw malformedLine(line, `"${text.slice(at, Math.min(end, at + 40))}" after the sample`);
    return { name, labels, value: value.number, timestamp, exemplar };
  }

  #exemplar(from: number, end: number): { exemplar: SampleExemplar; end: number } {
    const text = this.#text;
    const line = this.#line;
    if (this.#format === 'text') throw malformedLine(line, 'an exemplar, which the text format does not have');
    let at = skipBlanks(text, from, end);
    if (text.charCodeAt(at) !== 0x7b || at >= end) throw malformedLine(line, 'an exemplar without labels');
    const read = readLabels(text, at, end, line, false);
    at = skipBlanks(text, read.end, end);
    const value = readNumber(text, at, end, line, 'value of the exemplar');
    at = skipBlanks(text, value.end, end);
    let timestamp: Millis | undefined;
    if (at < end) {
      const time = readNumber(text, at, end, line, 'timestamp of the exemplar');
      timestamp = this.#millis(time.number);
      at = skipBlanks(text, time.end, end);
    }
    return { exemplar: { labels: read.labels, value: value.number, timestamp }, end: at };
  }

  /** The text format gives whole milliseconds, OpenMetrics seconds with a fraction. */
  #millis(number: number): Millis {
    const millis = this.#format === 'text' ? number : Math.round(number * 1000);
    if (!Number.isSafeInteger(millis)) throw malformedLine(this.#line, `${number} is no timestamp`);
    return millis;
  }

  #checkLabels(labels: ReadonlyMap<string, string>): void {
    const { labels: most, labelName, labelValue } = this.#limits;
    if (most > 0 && labels.size > most) throw overLimit(this.#line, `more than ${most} labels (label_limit)`);
    if (labelName === 0 && labelValue === 0) return;
    for (const [name, value] of labels) {
      if (labelName > 0 && name.length > labelName) {
        throw overLimit(this.#line, `a label's name is longer than ${labelName} (label_name_length_limit)`);
      }
      if (labelValue > 0 && value.length > labelValue) {
        throw overLimit(this.#line, `a label's value is longer than ${labelValue} (label_value_length_limit)`);
      }
    }
  }
}

function typeNamed(word: string): MetricType {
  return METRIC_TYPES.find((type) => type === word) ?? 'unknown';
}

function unescapeHelp(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\n"])/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
