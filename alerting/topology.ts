import { type DefinitionIndex, indexDefinitions, NO_PIPELINE, type Ownership } from '../core/definition.ts';
import { errorMessage } from '../core/errors.ts';
import type { Labels } from '../core/labels.ts';
import { isStage, type NodeKind, nodeId } from '../core/node.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readTopology } from '../store/queries/topology.ts';
import type { PipelineEdge } from './culprit.ts';

const FRESH = 60_000;
const WINDOW = 15 * 60_000;

/**
 * The edges of every pipeline as last read from the store. Reading happens beside alerting's work and may fail: the
 * last picture stays, and without one the culprit is named by rank and time alone.
 */
export class TopologyCache {
  readonly #store: Store;
  readonly #telemetry: Telemetry;
  readonly #now: () => Millis;
  #edges = new Map<string, PipelineEdge[]>();
  #definitions: DefinitionIndex = indexDefinitions([]);
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(store: Store, telemetry: Telemetry, now: () => Millis) {
    this.#store = store;
    this.#telemetry = telemetry;
    this.#now = now;
  }

  edgesOf(pipeline: string): readonly PipelineEdge[] {
    return this.#edges.get(pipeline) ?? [];
  }

  /** Who answers for what an alert's labels name: its stage, else its dataset, topic or group, else its pipeline as a whole. */
  ownershipOf(labels: Labels): Ownership {
    const pipeline = labels['pipeline'] ?? NO_PIPELINE;
    const { stage, dataset, topic, group } = labels;
    const [kind, name] = named([
      ['service', stage],
      ['dataset', dataset],
      ['topic', topic],
      ['group', group],
    ]);
    return this.#definitions.ownershipOf(pipeline, kind, name);
  }

  /** Starts a read when the picture is older than a minute. */
  refresh(): void {
    if (this.#reading !== undefined || this.#now() - this.#readAt < FRESH) return;
    this.#readAt = this.#now();
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  async #read(): Promise<void> {
    try {
      const { edges, definitions } = await readTopology(this.#store, { at: this.#now(), window: WINDOW });
      const next = new Map<string, PipelineEdge[]>();
      // A topic and a service may share a name, so everything but stages carries its kind.
      const node = (kind: NodeKind, name: string) => (isStage(kind) ? name : nodeId(kind, name));
      for (const edge of edges) {
        const list = next.get(edge.pipeline) ?? [];
        list.push({ from: node(edge.fromKind, edge.from), to: node(edge.toKind, edge.to) });
        next.set(edge.pipeline, list);
      }
      this.#edges = next;
      this.#definitions = definitions;
    } catch (error) {
      const fields = { event: 'alerting_topology_unreadable', error: errorMessage(error) };
      this.#telemetry.log.debug(fields, 'the topology could not be read; the last picture is used');
    }
  }

  async settled(): Promise<void> {
    await this.#reading;
  }
}

function named(labels: readonly (readonly [NodeKind, string | undefined])[]): readonly [NodeKind, string] {
  for (const [kind, name] of labels) if (name !== undefined && name !== '') return [kind, name];
  return ['service', ''];
}
