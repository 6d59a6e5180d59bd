import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Millis } from '../../../core/time.ts';
import type { Ticket } from '../../admission.ts';
import type { ScrapeJob } from './config.ts';
import { convert, type DropReason } from './conversion.ts';
import { connectFacts } from './exporters/connect.ts';
import { debeziumFacts } from './exporters/debezium.ts';
import { ExpositionReader, type Sample } from './exposition.ts';
import { createFactLedger, type FactLedger } from './fact-ledger.ts';
import { kafkaFacts } from './facts.ts';
import type { Page } from './page.ts';
import type { Point } from './points.ts';
import { relabel } from './relabel.ts';
import type { Target } from './targets.ts';

/** Samples that are read before others get their turn: a few milliseconds of work. */
const SLICE = 5000;
/** What a sample takes while it is worked on, roughly: its labels, its point, its series. */
const SAMPLE_BYTES = 1000;

export interface Scraped {
  readonly points: Point[];
  /** Of the points, those that say what the samples mean for Kafka and Connect, under our own names. */
  readonly facts: number;
  /** Facts that another target knows better; they are among the points and are not stored. */
  readonly withheld: number;
  /** Samples of the answer, and those the rules left. */
  readonly samples: number;
  readonly kept: number;
  readonly dropped: ReadonlyMap<DropReason, number>;
}

/**
 * Reads a target's answer: each sample gets the target's labels, goes through `metric_relabel_configs`, and becomes a
 * point, as do the facts that are known to be in it. `time` is when the scrape began. Throws what the reader throws;
 * then nothing of the answer counts.
 * `ledger` is shared by all targets that may tell of the same clusters.
 */
export async function readScrape(
  page: Page,
  target: Target,
  time: Millis,
  ticket: Ticket,
  ledger: FactLedger = createFactLedger(),
): Promise<Scraped> {
  const { job } = target;
  const reader = new ExpositionReader(page.text, page.format, {
    samples: job.sample_limit,
    labels: job.label_limit,
    labelName: job.label_name_length_limit,
    labelValue: job.label_value_length_limit,
  });
  const kept: Sample[] = [];
  let samples = 0;
  for (;;) {
    const sample = reader.next();
    if (sample === undefined) break;
    samples++;
    if (samples % SLICE === 0) {
      ticket.grow(SLICE * SAMPLE_BYTES);
      await yieldToOthers();
    }
    const own = labelled(sample, target.labels, job);
    if (own !== undefined) kept.push(own);
  }
  const { points, dropped } = convert(kept, reader.metadata, time, target.url.protocol.slice(0, -1));
  await yieldToOthers();
  const told = ledger.claim(target.key, target.interval, kafkaFacts(kept, time), time);
  const facts = [...told, ...connectFacts(kept, time), ...debeziumFacts(kept, time)];
  for (const fact of facts) points.push(fact);
  const withheld = told.filter(({ isWithheld }) => isWithheld === true).length;
  return { points, facts: facts.length - withheld, withheld, samples, kept: kept.length, dropped };
}

/** The sample with the target's labels, after the rules; undefined when they drop it. */
function labelled(sample: Sample, targetLabels: ReadonlyMap<string, string>, job: ScrapeJob): Sample | undefined {
  const { labels } = sample;
  for (const [name, value] of targetLabels) {
    const theirs = labels.get(name);
    if (theirs !== undefined) {
      if (job.honor_labels) continue;
      let other = `exported_${name}`;
      while (labels.has(other)) other = `exported_${other}`;
      labels.set(other, theirs);
    }
    labels.set(name, value);
  }
  const timestamp = job.honor_timestamps ? sample.timestamp : undefined;
  if (job.metric_relabel_configs.length === 0) return { ...sample, timestamp };
  labels.set('__name__', sample.name);
  if (!relabel(labels, job.metric_relabel_configs)) return undefined;
  const name = labels.get('__name__') ?? '';
  for (const label of [...labels.keys()]) if (label.startsWith('__')) labels.delete(label);
  return name === '' ? undefined : { ...sample, name, timestamp };
}
