import { isStage } from '../../core/node.ts';
import type { PipelineView } from '../../core/view.ts';
import { durationWords, formatRate } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { address } from '../router.ts';
import { Card, Place } from './card.tsx';
import { flowOrder } from './neighbours.ts';
import { describeNode } from './words.ts';

/** The map on a phone: nodes and topics from top to bottom in flow order. */
export function Stream({ pipeline }: { pipeline: PipelineView }) {
  return (
    <ol class="stream">
      {flowOrder(pipeline).map((node) => {
        const readers = pipeline.edges.filter((edge) => edge.from === node.id && edge.kind === 'consumes');
        if (node.kind === 'topic') {
          const slowest = readers.reduce((worst, edge) => Math.max(worst, edge.lagSeconds ?? -1), -1);
          const rate = readers.reduce((sum, edge) => Math.max(sum, edge.rate ?? 0), 0);
          return (
            <li key={node.id} class="pipe">
              <Icon name="topic" />
              <span class="mono">{node.name}</span>
              <span class="end">
                {[rate > 0 ? formatRate(rate) : '', slowest >= 0 ? `${durationWords(slowest)} wait` : '']
                  .filter((part) => part !== '')
                  .join(' · ')}
              </span>
            </li>
          );
        }
        const flow = {
          reads: pipeline.edges.some((edge) => edge.kind === 'consumes' && edge.to === node.id),
          writes: pipeline.edges.some((edge) => edge.kind === 'produces' && edge.from === node.id),
        };
        return (
          <li key={node.id}>
            <Place
              class={`card${node.culpritOf === '' ? '' : ' culprit'}${node.affected ? ' affected' : ''}`}
              data-state={node.culpritOf !== '' && node.state === 'healthy' ? 'falling_behind' : node.state}
              href={isStage(node.kind) ? address.stage(pipeline.name, node.name) : ''}
              label={describeNode(node, pipeline.edges)}
            >
              <Card node={node} flow={flow} />
            </Place>
          </li>
        );
      })}
    </ol>
  );
}
