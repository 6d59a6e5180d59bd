import { createHash } from 'node:crypto';

/** A place that records pass, as docs/pathway.md has it. */
export interface Place {
  readonly service: string;
  readonly direction: 'in' | 'out';
  readonly system: string;
  readonly destination: string;
  /** Consumer group, for `in`. */
  readonly group?: string;
}

/** Attributes of a checkpoint's metrics; its own hash and its parent's are among them. */
export type CheckpointAttributes = Readonly<Record<string, string>> & {
  readonly 'weir.pathway.hash': string;
};

const ORIGIN = '0000000000000000';

/** hash = first 8 bytes of SHA-256( parent, service, 00, direction, 00, system, 00, destination, 00, group, 00 ) */
function hashOf(parent: string, { service, direction, system, destination, group = '' }: Place): string {
  const text = [service, direction, system, destination, group].map((part) => `${part}\0`).join('');
  return createHash('sha256').update(Buffer.from(parent, 'hex')).update(text).digest('hex').slice(0, 16);
}

/** The checkpoint of a place that records reach from `parent` (absent where they begin). */
export function checkpoint(place: Place, parent?: CheckpointAttributes): CheckpointAttributes {
  const before = parent?.['weir.pathway.hash'] ?? '';
  return {
    'weir.pathway.hash': hashOf(before === '' ? ORIGIN : before, place),
    'weir.pathway.parent': before,
    'weir.pathway.direction': place.direction,
    'messaging.system': place.system,
    'messaging.destination.name': place.destination,
    ...(place.group === undefined ? {} : { 'messaging.consumer.group.name': place.group }),
  };
}
