import { type Labels, labelNames } from './labels.ts';
import { factsOfSignal } from './signal.ts';

/** Labels that say where a signal is, and not which of a stage's signals it is. */
const PLACE: ReadonlySet<string> = new Set(['pipeline', 'stage', 'signal']);

/** Name of a series among the signals of its stage: `latency_p95`, `lag group=billing topic=orders`. */
export function columnName(labels: Labels): string {
  const which = labelNames(labels).filter((name) => !PLACE.has(name));
  return [labels['signal'] ?? '', ...which.map((name) => `${name}=${labels[name]}`)].join(' ');
}

/** A signal of a stage as people call it: `lag in time on orders`, `dependency latency p95 to postgres`. */
export function columnTitle(name: string): string {
  const [signal = '', ...which] = name.split(' ');
  const labels = Object.fromEntries(which.map((pair) => pair.split('=') as [string, string]));
  const title = signal === 'custom' ? (labels['name'] ?? signal) : factsOfSignal(signal)?.title;
  const plain =
    title === undefined ? signal : signal === 'custom' ? title : title.charAt(0).toLowerCase() + title.slice(1);
  if (labels['dependency'] !== undefined) return `${plain} to ${labels['dependency']}`;
  return labels['topic'] === undefined ? plain : `${plain} on ${labels['topic']}`;
}
