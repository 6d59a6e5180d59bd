/** What one metric of an exporter says, as a canonical metric. */
export interface FactRule {
  readonly to: string;
  /** Attributes of the fact, and the labels their values stand in. A sample that lacks one of them says nothing. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The value where it is not the sample's own: that of a label, or always 1. */
  readonly value?: { readonly label: string } | 'one';
  /** To multiply the value with. */
  readonly factor?: number;
  /** Values below it mean that there is none; 0 where nothing else is said. */
  readonly least?: number;
  /** Only samples with these labels. */
  readonly where?: Readonly<Record<string, string>>;
  /** Samples with any of these labels say nothing. */
  readonly unless?: Readonly<Record<string, string>>;
  /** Samples that differ only in labels no attribute takes: the first counts, or all are added up. */
  readonly same?: 'first' | 'sum';
  /** Makes the fact's value of the label's text, where it is no number. */
  readonly read?: (text: string) => number;
}

/** How one exporter names what Kafka says. */
export interface Exporter {
  readonly name: string;
  /** Labels that name the cluster, the first that is there, and labels that hold its id. */
  readonly cluster: readonly string[];
  readonly clusterId: readonly string[];
  readonly metrics: Readonly<Record<string, readonly FactRule[]>>;
}

/** Labels that users put on a target to say which cluster it tells of. */
export const TARGET_CLUSTER = ['kafka.cluster.alias', 'kafka_cluster_alias', 'kafka_cluster', 'cluster'] as const;
