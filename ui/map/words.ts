import { isStage } from '../../core/node.ts';
import type { EdgeView, NodeView } from '../../core/view.ts';
import { durationWords, formatRate } from '../format.ts';
import { STATE_WORDS } from '../states.ts';

export interface Flow {
  readonly reads: boolean;
  readonly writes: boolean;
}

/** `+40 s every minute`, or undefined while lag stands still. */
export function growthText(growth: number | null): string | undefined {
  if (growth === null || Math.abs(growth) * 60 < 0.5) return undefined;
  const perMinute = durationWords(Math.abs(growth) * 60);
  return growth > 0 ? `+${perMinute} every minute` : `${durationWords(-Math.abs(growth) * 60)} every minute`;
}

/** What a screen reader hears of a node. */
export function describeNode(node: NodeView, edges: readonly EdgeView[]): string {
  const names = (list: readonly string[]) => list.map((id) => id.slice(id.indexOf(':') + 1)).join(', ');
  const reads = names(edges.filter((edge) => edge.to === node.id && edge.kind === 'consumes').map((edge) => edge.from));
  const writes = names(
    edges.filter((edge) => edge.from === node.id && edge.kind === 'produces').map((edge) => edge.to),
  );
  return [
    `${node.name}, ${isStage(node.kind) ? STATE_WORDS[node.state].toLowerCase() : node.kind}`,
    node.culpritOf === '' ? '' : 'named as culprit',
    node.lagSeconds === null ? '' : `lag ${durationWords(node.lagSeconds)}`,
    node.rate === null ? '' : `${formatRate(node.rate)} in`,
    node.p95 === null ? '' : `p95 ${durationWords(node.p95)}`,
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
  const p95 = node.p95 === null ? '' : `p95 ${durationWords(node.p95)}`;
  if (!isStage(node.kind)) {
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
