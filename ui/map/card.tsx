import type { ComponentChildren } from 'preact';
import type { EdgeView, NodeView } from '../../core/view.ts';
import { formatCount, formatPercent, formatRate, formatSeconds } from '../format.ts';
import { Glyph, STATE_WORDS } from '../parts/glyph.tsx';
import { Icon, kindIcon } from '../parts/icon.tsx';
import { Duration, Rate } from '../parts/quantity.tsx';
import { level } from './neighbours.ts';

export interface Flow {
  readonly reads: boolean;
  readonly writes: boolean;
}

/** `+40 s every minute`, or undefined while lag stands still. */
export function growthText(growth: number | null): string | undefined {
  if (growth === null || Math.abs(growth) * 60 < 0.5) return undefined;
  const perMinute = formatSeconds(Math.abs(growth) * 60);
  return growth > 0 ? `+${perMinute} every minute` : `${formatSeconds(-Math.abs(growth) * 60)} every minute`;
}

/** What a screen reader hears of a node. */
export function describeNode(node: NodeView, edges: readonly EdgeView[]): string {
  const names = (list: readonly string[]) => list.map((id) => id.slice(id.indexOf(':') + 1)).join(', ');
  const reads = names(edges.filter((edge) => edge.to === node.id && edge.kind === 'consumes').map((edge) => edge.from));
  const writes = names(
    edges.filter((edge) => edge.from === node.id && edge.kind === 'produces').map((edge) => edge.to),
  );
  return [
    `${node.name}, ${node.kind === 'service' ? STATE_WORDS[node.state].toLowerCase() : node.kind}`,
    node.culpritOf === '' ? '' : 'named as culprit',
    node.lagSeconds === null ? '' : `lag ${formatSeconds(node.lagSeconds)}`,
    node.rate === null ? '' : `${formatRate(node.rate)} in`,
    node.p95 === null ? '' : `p95 ${formatSeconds(node.p95)}`,
    reads === '' ? '' : `reads ${reads}`,
    writes === '' ? '' : `writes ${writes}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** The main number of a card, what it is, and the one fact at the right. */
export function headline(
  node: NodeView,
  flow: Flow,
): { value: 'lag' | 'rate' | 'output' | 'p95' | 'none'; fact: string } {
  const p95 = node.p95 === null ? '' : `p95 ${formatSeconds(node.p95)}`;
  if (node.kind !== 'service') {
    return {
      value: node.p95 === null ? (node.rate === null ? 'none' : 'rate') : 'p95',
      fact: node.rate === null ? '' : formatRate(node.rate),
    };
  }
  if (node.lagSeconds !== null)
    return { value: 'lag', fact: node.affected && (node.rateChange ?? 0) < 0 ? 'starved' : p95 };
  if (node.output !== null && !flow.reads && flow.writes) return { value: 'output', fact: p95 };
  if (node.rate !== null) return { value: 'rate', fact: p95 };
  return { value: node.output === null ? 'none' : 'output', fact: p95 };
}

function Headline({ node, flow }: { node: NodeView; flow: Flow }) {
  const { value, fact } = headline(node, flow);
  return (
    <div class="card-line">
      <span class="card-value">
        {value === 'lag' && <Duration seconds={node.lagSeconds} />}
        {value === 'p95' && <Duration seconds={node.p95} />}
        {value === 'rate' && <Rate value={node.rate} />}
        {value === 'output' && <Rate value={node.output} />}
        {value === 'none' && <span title="No numbers in the last minutes">–</span>}
      </span>
      <span class="card-what">
        {value === 'lag' ? 'lag' : value === 'p95' ? 'p95' : value === 'output' ? 'out' : value === 'rate' ? 'in' : ''}
      </span>
      <span class="card-fact">{fact}</span>
    </div>
  );
}

function Level({ node }: { node: NodeView }) {
  if (node.lagSeconds === null) return null;
  const share = level(node.lagSeconds, node.lagLimit);
  return (
    <div
      class="level"
      title={
        node.lagLimit === null
          ? 'Level on the lag scale, full at 2 h'
          : `Notch: upper edge of what is expected, ${formatSeconds(node.lagLimit)}`
      }
    >
      <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
      {node.lagLimit === null ? null : <b />}
    </div>
  );
}

/** A stage, a dataset or an outside service on the map. */
export function Card({ node, flow }: { node: NodeView; flow: Flow }) {
  if (node.culpritOf !== '') return <CulpritCard node={node} flow={flow} />;
  return (
    <>
      <div class="card-head">
        <Icon name={kindIcon(node.kind, flow.reads, flow.writes)} size={13} />
        <span class="card-name">{node.name}</span>
        {node.kind === 'service' ? <Glyph state={node.state} quiet /> : null}
      </div>
      <Headline node={node} flow={flow} />
      <Level node={node} />
    </>
  );
}

function CulpritCard({ node, flow }: { node: NodeView; flow: Flow }) {
  const growth = growthText(node.lagGrowth);
  const state = node.state === 'healthy' ? 'falling_behind' : node.state;
  return (
    <>
      <span class="culprit-tab">Culprit</span>
      <div class="card-head">
        <Icon name={kindIcon(node.kind, flow.reads, flow.writes)} size={13} />
        <span class="card-name">{node.name}</span>
        <Glyph state={node.state} quiet />
      </div>
      <Headline node={node} flow={flow} />
      <div class="card-growth" data-state={state}>
        {growth ??
          (node.rateChange === null
            ? STATE_WORDS[node.state]
            : `${formatPercent(Math.abs(node.rateChange))} ${node.rateChange < 0 ? 'less' : 'more'} than expected`)}
      </div>
      <dl class="card-facts">
        {node.rate === null ? null : <dd>in {formatRate(node.rate)}</dd>}
        {node.output === null ? null : <dd>out {formatRate(node.output)}</dd>}
        {node.lag === null ? null : <dd>{formatCount(node.lag)} records</dd>}
        {node.p95 === null ? null : <dd>p95 {formatSeconds(node.p95)}</dd>}
        {node.errorRatio === null || node.errorRatio === 0 ? null : <dd>{formatPercent(node.errorRatio)} errors</dd>}
      </dl>
      <Level node={node} />
    </>
  );
}

interface PlaceProps {
  /** Empty where there is no page below. */
  readonly href: string;
  readonly label: string;
  readonly children: ComponentChildren;
  readonly class: string;
  readonly title?: string;
  readonly style?: Record<string, string>;
  readonly 'data-state': string;
  readonly 'data-node'?: string;
  readonly onMouseEnter?: () => void;
  readonly onMouseLeave?: () => void;
  readonly onFocus?: () => void;
  readonly onBlur?: () => void;
}

/** The frame of a card: a link one step down where there is a page, else only a part of the picture. */
export function Place({ href, label, children, ...rest }: PlaceProps) {
  if (href !== '') {
    return (
      <a {...rest} href={href} aria-label={label}>
        {children}
      </a>
    );
  }
  return (
    <div {...rest} role="img" aria-label={label}>
      {children}
    </div>
  );
}
