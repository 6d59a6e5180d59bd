import {
  type ExpositionFormat,
  ExpositionReader,
  type Metadata,
  type Sample,
} from '../../../../collector/receivers/prometheus/exposition.ts';

/** A whole exposition, each sample with the labels of its target. */
export function readText(
  text: string,
  format: ExpositionFormat = 'text',
  target: Readonly<Record<string, string>> = {},
): { samples: Sample[]; families: ReadonlyMap<string, Metadata> } {
  const reader = new ExpositionReader(text, format);
  const samples: Sample[] = [];
  for (let sample = reader.next(); sample !== undefined; sample = reader.next()) {
    for (const [name, value] of Object.entries(target)) sample.labels.set(name, value);
    samples.push(sample);
  }
  return { samples, families: reader.metadata };
}
