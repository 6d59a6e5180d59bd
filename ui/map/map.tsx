import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isStage } from '../../core/node.ts';
import type { EdgeView, NodeView, PipelineView } from '../../core/view.ts';
import { durationWords, formatChange, formatRate } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { address } from '../router.ts';
import { Card, Place } from './card.tsx';
import { canalWidth, type EdgeLook, edgeLook } from './edges.ts';
import { layoutMap, type MapLayout, type PlacedEdge, TANK_HEIGHT, TANK_WIDTH } from './layout.ts';
import { flowOrder, level, pathThrough } from './neighbours.ts';
import { describeNode } from './words.ts';

export function FlowMap({ pipeline, minHeight }: { pipeline: PipelineView; minHeight: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1390);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(320, element.clientWidth)));
    observer.observe(element);
    setWidth(Math.max(320, element.clientWidth));
    return () => observer.disconnect();
  }, []);
  const layout = useMemo(() => layoutMap(pipeline.nodes, pipeline.edges, width), [pipeline, width]);
  const culpritX = layout.cards.find((card) => card.node.culpritOf !== '')?.x;
  useEffect(() => {
    if (culpritX !== undefined && frame.current !== null && layout.width > width)
      frame.current.scrollLeft = culpritX - width / 2 + 100;
  }, [culpritX, layout.width, width]);
  return (
    <div class="map-frame" ref={frame}>
      <Drawing pipeline={pipeline} layout={layout} minHeight={minHeight} />
    </div>
  );
}

function Drawing({ pipeline, layout, minHeight }: { pipeline: PipelineView; layout: MapLayout; minHeight: number }) {
  const [hovered, setHovered] = useState('');
  const nodes = useMemo(() => new Map(pipeline.nodes.map((node) => [node.id, node])), [pipeline]);
  const lit = useMemo(() => (hovered === '' ? undefined : pathThrough(pipeline.edges, hovered)), [pipeline, hovered]);
  const dim = (...ids: string[]) => (lit !== undefined && ids.some((id) => !lit.has(id)) ? ' dim' : '');
  const order = new Map(flowOrder(pipeline).map((node, i) => [node.id, i]));
  const height = Math.max(minHeight, layout.height);
  const down = Math.max(0, Math.floor((height - layout.height) / 2));
  const hover = (id: string) => ({
    onMouseEnter: () => setHovered(id),
    onMouseLeave: () => setHovered(''),
    onFocus: () => setHovered(id),
    onBlur: () => setHovered(''),
  });
  const flow = (id: string) => ({
    reads: pipeline.edges.some((edge) => edge.kind === 'consumes' && edge.to === id),
    writes: pipeline.edges.some((edge) => edge.kind === 'produces' && edge.from === id),
  });
  const cards = [...layout.cards].sort((a, b) => (order.get(a.node.id) ?? 0) - (order.get(b.node.id) ?? 0));
  const lookRank: Record<EdgeLook, number> = { normal: 0, starved: 1, overfull: 2 };
  const edges = layout.edges
    .map((placed) => ({ placed, look: edgeLook(placed.edge, nodes) }))
    .sort((a, b) => lookRank[a.look] - lookRank[b.look]);
  return (
    <div class="map" style={{ width: `${layout.width}px`, height: `${height}px` }}>
      <div class="map-inner" style={{ transform: `translateY(${down}px)` }}>
        <svg class="canals" width={layout.width} height={layout.height} aria-hidden="true">
          {edges.map(({ placed, look }) => (
            <path
              key={keyOf(placed.edge)}
              class={`canal ${look}${dim(placed.edge.from, placed.edge.to)}`}
              d={placed.path}
              stroke-width={look === 'starved' ? 2 : canalWidth(placed.edge.rate).toFixed(1)}
            />
          ))}
          {layout.dependencies.map((placed) => {
            const owner = layout.cards.find((card) => card.node.id === placed.owner);
            if (owner === undefined) return null;
            const x = owner.x + owner.width / 2;
            const bad = isSuspect(placed.node, owner.node);
            return (
              <path
                key={placed.node.id}
                class={`hang${bad ? ' bad' : ''}${dim(placed.owner, placed.node.id)}`}
                d={`M${x} ${owner.y + owner.height}V${placed.y}`}
              />
            );
          })}
          {layout.tanks.map((tank) => (
            <Tank
              key={tank.node.id}
              node={tank.node}
              x={tank.x}
              y={tank.y}
              edges={pipeline.edges}
              nodes={nodes}
              dim={dim(tank.node.id)}
            />
          ))}
          {edges.map(({ placed, look }) => (
            <EdgeLabel
              key={keyOf(placed.edge)}
              placed={placed}
              look={look}
              nodes={nodes}
              dim={dim(placed.edge.from, placed.edge.to)}
            />
          ))}
        </svg>
        {cards.map(({ node, x, y, width, height: tall }) => (
          <Place
            key={node.id}
            class={`card${node.culpritOf === '' ? '' : ' culprit'}${node.affected ? ' affected' : ''}${isStage(node.kind) ? '' : ' data'}${dim(node.id)}`}
            data-state={
              node.culpritOf !== '' && (node.state === 'healthy' || node.state === 'idle')
                ? 'falling_behind'
                : node.state
            }
            data-node={node.id}
            href={isStage(node.kind) ? address.stage(pipeline.name, node.name) : ''}
            label={describeNode(node, pipeline.edges)}
            style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${tall}px` }}
            title={node.reason}
            {...hover(node.id)}
          >
            <Card node={node} flow={flow(node.id)} />
          </Place>
        ))}
        {layout.dependencies.map(({ node, owner, x, y, width, height: tall, edge }) => (
          <div
            key={node.id}
            class={`hung${isSuspect(node, nodes.get(owner)) ? ' bad' : ''}${dim(node.id)}`}
            style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${tall}px` }}
            {...hover(node.id)}
          >
            <Icon name={node.kind === 'database' || node.kind === 'dataset' ? 'database' : 'external'} size={13} />
            <span class="card-name">{node.name}</span>
            <span class="card-fact">{edge.p95 === null ? '' : `p95 ${durationWords(edge.p95)}`}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function keyOf(edge: EdgeView): string {
  return `${edge.from}>${edge.to}>${edge.group}`;
}

/** A dependency is suspect when it is itself out of its band while its caller is named as culprit. */
function isSuspect(node: NodeView, owner: NodeView | undefined): boolean {
  return owner !== undefined && owner.culpritOf !== '' && node.state === 'falling_behind';
}

function Tank(props: {
  node: NodeView;
  x: number;
  y: number;
  edges: readonly EdgeView[];
  nodes: ReadonlyMap<string, NodeView>;
  dim: string;
}) {
  const { node, x, y, edges, nodes, dim } = props;
  const readers = edges.filter((edge) => edge.kind === 'consumes' && edge.from === node.id);
  const slowest = readers.reduce<EdgeView | undefined>(
    (worst, edge) => ((edge.lagSeconds ?? -1) > (worst?.lagSeconds ?? -1) ? edge : worst),
    undefined,
  );
  const state = slowest === undefined ? 'unknown' : (nodes.get(slowest.to)?.state ?? 'unknown');
  const urgent = state === 'falling_behind' || state === 'stuck' || state === 'dead';
  const fill = slowest?.lagSeconds == null ? 0 : level(slowest.lagSeconds, null) * (TANK_HEIGHT - 4);
  const top = y - TANK_HEIGHT / 2;
  return (
    <g class={`tank${urgent ? ' urgent' : ''}${dim}`} data-state={urgent ? state : undefined}>
      <rect class="tank-wall" x={x} y={top} width={TANK_WIDTH} height={TANK_HEIGHT} rx="3" />
      <rect class="tank-water" x={x + 2} y={top + TANK_HEIGHT - 2 - fill} width={TANK_WIDTH - 4} height={fill} rx="1" />
      <text class="tank-name" x={x + TANK_WIDTH / 2} y={top - 7} text-anchor="middle">
        {node.name}
      </text>
    </g>
  );
}

function EdgeLabel({
  placed,
  look,
  nodes,
  dim,
}: {
  placed: PlacedEdge;
  look: EdgeLook;
  nodes: ReadonlyMap<string, NodeView>;
  dim: string;
}) {
  const { edge, labelX, labelY } = placed;
  if (edge.kind === 'produces') return null;
  const change = look === 'starved' ? (nodes.get(edge.to)?.rateChange ?? null) : null;
  const below = edge.kind === 'consumes' ? edge.lagSeconds : edge.p95;
  const text = change !== null ? formatChange(change) : below === null ? '' : durationWords(below);
  return (
    <g class={`edge-label ${look}${dim}`} text-anchor="end">
      {edge.rate === null ? null : (
        <text class="rate" x={labelX} y={labelY - 7}>
          {formatRate(edge.rate)}
        </text>
      )}
      {text === '' ? null : (
        <text class="wait" x={labelX} y={labelY + 16}>
          {text}
        </text>
      )}
      {edge.hopP95 === null || look === 'starved' ? null : (
        <text class="hop" x={labelX} y={labelY + (text === '' ? 16 : 30)}>
          p95 {durationWords(edge.hopP95)}
        </text>
      )}
    </g>
  );
}
