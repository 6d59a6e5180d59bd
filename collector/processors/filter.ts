import { createGlob, type Matches } from '../../core/glob.ts';
import type { OtlpSignal } from '../otlp/model.ts';
import { type FilterRule, SEVERITIES, SPAN_KINDS, STATUS_CODES } from './config.ts';
import { AttributeKeys, type Item, readItem } from './item.ts';

/** Names of services, and of metrics of one service, whose verdict is remembered; then both start again. */
const REMEMBERED = 10_000;

interface Rule {
  readonly label: string;
  readonly signal: OtlpSignal;
  readonly service: Matches | undefined;
  readonly metric: Matches | undefined;
  /** Keys of attributes that `fits` looks at. */
  readonly keys: readonly string[];
  /** Undefined when the conditions are met by service and metric alone. */
  readonly fits: ((item: Item) => boolean) | undefined;
}

/** The rules that can apply to items of one service, or of one metric of it. */
interface Candidates {
  readonly rules: readonly Rule[];
  readonly keys: AttributeKeys;
  /** By metric name. */
  readonly metrics: Map<string, Candidates>;
}

/** Drops items by the rules of the configuration. `onDropped` gets the rule's label for each. */
export class Filter {
  readonly #rules: readonly Rule[];
  readonly #onDropped: (label: string) => void;
  readonly #services = new Map<string, Candidates>();

  constructor(rules: readonly FilterRule[], onDropped: (label: string) => void) {
    this.#rules = rules.map(createRule);
    this.#onDropped = onDropped;
  }

  get labels(): readonly string[] {
    return this.#rules.map((rule) => rule.label);
  }

  /** Whether any rule can apply to items of this signal and service. */
  concerns(signal: OtlpSignal, service: string): boolean {
    return this.#candidates(signal, service).rules.length > 0;
  }

  /** Whether to drop an item: its protobuf bytes, and for a data point its metric's name. Bytes that are torn stay. */
  drops(signal: OtlpSignal, service: string, metric: string, message: Uint8Array): boolean {
    let { rules, keys, metrics } = this.#candidates(signal, service);
    if (signal === 'metrics') {
      let known = metrics.get(metric);
      if (known === undefined) {
        known = createCandidates(rules.filter((rule) => rule.metric?.(metric) ?? true));
        remember(metrics, metric, known);
      }
      ({ rules, keys } = known);
    }
    let item: Item | undefined;
    for (const rule of rules) {
      if (rule.fits !== undefined) {
        item ??= readItem(signal, message, keys);
        if (item === undefined) return false;
        if (!rule.fits(item)) continue;
      }
      this.#onDropped(rule.label);
      return true;
    }
    return false;
  }

  #candidates(signal: OtlpSignal, service: string): Candidates {
    const id = `${signal} ${service}`;
    let found = this.#services.get(id);
    if (found === undefined) {
      found = createCandidates(
        this.#rules.filter((rule) => rule.signal === signal && (rule.service?.(service) ?? true)),
      );
      remember(this.#services, id, found);
    }
    return found;
  }
}

function createCandidates(rules: readonly Rule[]): Candidates {
  return { rules, keys: new AttributeKeys(rules.flatMap((rule) => rule.keys)), metrics: new Map() };
}

function remember<T>(known: Map<string, T>, id: string, value: T): void {
  if (known.size >= REMEMBERED) known.clear();
  known.set(id, value);
}

function createRule(rule: FilterRule, place: number): Rule {
  const { name, kind, status, severity_below: severity, attributes = {} } = rule;
  const conditions: ((item: Item) => boolean)[] = [];
  if (kind !== undefined) {
    const number = SPAN_KINDS.indexOf(kind);
    conditions.push((item) => item.kind === number);
  }
  if (status !== undefined) {
    const number = STATUS_CODES.indexOf(status);
    conditions.push((item) => item.status === number);
  }
  if (severity !== undefined) {
    const number = SEVERITIES[severity];
    conditions.push((item) => item.severity > 0 && item.severity < number);
  }
  if (name !== undefined) {
    const matches = createGlob(name);
    conditions.push((item) => matches(item.name));
  }
  for (const [key, glob] of Object.entries(attributes)) {
    const matches = createGlob(glob);
    conditions.push(({ attributes: own }) => {
      const value = own.get(key);
      return value !== undefined && matches(value);
    });
  }
  return {
    label: rule.rule ?? String(place),
    signal: rule.signal,
    service: rule.service === undefined ? undefined : createGlob(rule.service),
    metric: rule.metric === undefined ? undefined : createGlob(rule.metric),
    keys: Object.keys(attributes),
    fits: conditions.length === 0 ? undefined : (item) => conditions.every((condition) => condition(item)),
  };
}
