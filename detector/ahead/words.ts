import type { Anomaly } from '../../core/anomaly.ts';
import { durationWords, NARROW } from '../../core/duration-words.ts';
import type { Labels } from '../../core/labels.ts';
import type { Signal } from '../../core/signal.ts';
import { valueWords } from '../wording.ts';
import type { LimitKind } from './limits.ts';
import { type Outlook, tallyOf } from './lookout.ts';
import { WINDOWS } from './trend.ts';

const LONGEST = WINDOWS[WINDOWS.length - 1] as number;
const MINUTE = 60;

const KINDS: Readonly<Record<LimitKind, (of: string) => string>> = {
  threshold: (of) => `the limit of ${of}`,
  slo: (of) => `the target of the SLO ${of}`,
  retention: () => 'the retention of the topic: from there on records are deleted unread',
  capacity: (of) => `the capacity given in ${of}`,
};

const percent = (chance: number) =>
  `${chance > 0.99 ? '> 99' : chance < 0.01 ? '< 1' : String(Math.round(100 * chance))}${NARROW}%`;
/** Minutes in whole numbers; more would be more than is known. */
const about = (milliseconds: number) => durationWords(Math.max(1, Math.round(milliseconds / 1000 / MINUTE)) * MINUTE);

/**
 * The words of a warning, after its subject: `enrichment: lag in time on orders` and then `reaches 15 min in about 17 min (chance
 * 93 % within 30 min)`.
 */
export function annotationsAhead(subject: string, labels: Labels, outlook: Outlook, anomalyId: string): Labels {
  const signal = labels['signal'] as Signal;
  const { lookout, limit, chances, reach, value } = outlook;
  const [sooner, later] = WINDOWS.map((window) => durationWords((window * lookout.interval) / 1000));
  const chance = percent(chances.at(-1) as number);
  const when = Number.isNaN(reach) ? '' : ` in about ${about(reach)}`;
  const verb = limit.side === 'above' ? 'reaches' : 'falls to';
  const { announced, kept } = tallyOf(lookout, limit.kind);
  const record =
    announced === 0
      ? 'It is the first warning for this series.'
      : `Of ${announced} earlier ${announced === 1 ? 'warning' : 'warnings'} for this series ${kept} came true.`;
  return {
    summary: `${subject} ${verb} ${valueWords(signal, limit.value)}${when} (chance ${chance} within ${later})`,
    description:
      `Pipeline ${labels['pipeline'] ?? 'default'}. It is ${valueWords(signal, value)} now; ${valueWords(signal, limit.value)} is ` +
      `${KINDS[limit.kind](limit.of)}. Chance within ${sooner}: ${percent(chances[0] as number)}. ${record}`,
    anomaly_id: anomalyId,
  };
}

/** The lines of a stored warning's explain card that others do not have: what lies ahead, and how far to believe it. */
export function linesAhead({ decision, votes, labels }: Anomaly): [string, string][] {
  const signal = (labels['signal'] ?? 'custom') as Signal;
  const words = (name: string) => valueWords(signal, numberOf(decision[name]));
  const span = (window: number) => durationWords((window * numberOf(decision['interval'])) / 1000);
  const kind = KINDS[decision['limit_kind'] as LimitKind];
  const chances = WINDOWS.map((window) => `${percent(numberOf(decision[`chance_${window}`]))} within ${span(window)}`);
  const reach = numberOf(decision['reach']);
  const lines: [string, string][] = [
    ['limit', `${words('limit')}, ${kind === undefined ? '' : kind(String(decision['limit_of'] ?? ''))}`],
    ['chance', `${chances.join(', ')}${Number.isNaN(reach) ? '' : `; reached in about ${about(reach)}`}`],
  ];
  for (const { scorer, weight, inputs } of votes) {
    const said = WINDOWS.map((window) => {
      const at = (name: string) => valueWords(signal, inputs[`${name}_${window}`] ?? NaN);
      return `${span(window)}: ${at('low')}, ${at('middle')}, ${at('high')} (${percent(inputs[`chance_${window}`] ?? NaN)})`;
    });
    lines.push([scorer, `weight ${weight}; ${scorer === 'trend' ? 'furthest' : 'value'} by ${said.join('; ')}`]);
  }
  const stated = numberOf(decision[`stated_${LONGEST}`]);
  const brier = numberOf(decision[`brier_${LONGEST}`]);
  const [announced, kept] = [numberOf(decision['announced']), numberOf(decision['kept'])];
  const lead = numberOf(decision['lead']);
  lines.push([
    'so far',
    `${stated} chances stated for this series${Number.isNaN(brier) ? '' : `, Brier score ${Number(brier.toPrecision(2))}`}; ` +
      `${announced} warnings over, ${kept} came true${Number.isNaN(lead) ? '' : `, ${durationWords(lead / 1000)} ahead`}`,
  ]);
  return lines;
}

const numberOf = (value: number | string | undefined) => (typeof value === 'number' ? value : NaN);
