import type { ComponentChildren } from 'preact';
import { isStage } from '../../core/node.ts';
import type { NodeView } from '../../core/view.ts';
import { durationWords, formatPercent, formatRate, formatRecords } from '../format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Icon, kindIcon } from '../parts/icon.tsx';
import { Duration, Rate } from '../parts/quantity.tsx';
import { STATE_WORDS } from '../states.ts';
import { level } from './neighbours.ts';
import { type Flow, growthText, headline } from './words.ts';

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
          : `Notch: upper edge of what is expected, ${durationWords(node.lagLimit)}`
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
        {isStage(node.kind) ? <Glyph state={node.state} quiet /> : null}
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
        {node.lag === null ? null : <dd>{formatRecords(node.lag)}</dd>}
        {node.p95 === null ? null : <dd>p95 {durationWords(node.p95)}</dd>}
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
