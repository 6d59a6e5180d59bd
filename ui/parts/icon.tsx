import { isStage, type NodeKind } from '../../core/node.ts';

const PATHS = {
  search: 'M7 12.2A5.2 5.2 0 1 0 7 1.8a5.2 5.2 0 0 0 0 10.4zM11 11l3.4 3.4',
  clock: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 4.6V8l2.2 1.4',
  caret: 'M4.5 6.5L8 10l3.5-3.5',
  right: 'M6 3.5L10.5 8 6 12.5',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M3.3 12.7l1-1M11.7 4.3l1-1',
  moon: 'M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  bell: 'M8 2a4 4 0 0 0-4 4c0 4-1.6 5-1.6 5h11.2S12 10 12 6a4 4 0 0 0-4-4zM6.8 13.6a1.4 1.4 0 0 0 2.4 0',
  person: 'M8 7.6a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM3 14c.4-2.8 2.3-4.4 5-4.4s4.6 1.6 5 4.4',
  link: 'M9.5 2.5h4v4M13.2 2.8L8 8M6.5 3.5H3v9.5h9.5V9.5',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  check: 'M3 8.5l3.2 3.2L13 4.8',
  cross: 'M4 4l8 8M12 4l-8 8',
  map: 'M2 4.5h4.5M2 8h12M2 11.5h12',
  wave: 'M1.5 10c2.5 0 2.5-5 5-5s2.5 5 5 5 1.5-1 3-1',
  mail: 'M2 3.8h12v8.4H2zM2.3 4.2L8 8.8l5.7-4.6',
  hash: 'M6 2.5L4.8 13.5M11.2 2.5L10 13.5M2.8 5.8h10.8M2.4 10.2h10.8',
  chain: 'M6.8 9.2l2.4-2.4M7.4 4.6l1.5-1.5a2.8 2.8 0 0 1 4 4l-1.5 1.5M8.6 11.4l-1.5 1.5a2.8 2.8 0 0 1-4-4l1.5-1.5',
  siren: 'M4 12V8.5a4 4 0 0 1 8 0V12M2.5 13.5h11M8 2V1M2.6 4.2l-.8-.7M13.4 4.2l.8-.7',
  flow: 'M3.2 4.6a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2zM12.8 14.6a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2zM4.8 3h3.4a2.5 2.5 0 0 1 0 5H7.6a2.5 2.5 0 0 0 0 5h3.6',
  group:
    'M5.5 7.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM1.5 13c.3-2.6 1.8-3.8 4-3.8s3.7 1.2 4 3.8M10.8 3.2a2.2 2.2 0 0 1 0 3.9M12 9.6c1.5.5 2.3 1.7 2.5 3.4',
  service: 'M3 4.5h10M3 8h10M3 11.5h10',
  topic: 'M5 2.5h6v11H5zM5 9h6',
  database: 'M3 4.2c0-1.2 2.2-2.2 5-2.2s5 1 5 2.2-2.2 2.2-5 2.2-5-1-5-2.2zM3 4.2v7.6c0 1.2 2.2 2.2 5 2.2s5-1 5-2.2V4.2',
  external: 'M2 8h8M7 4.5L10.5 8 7 11.5M13 3v10',
  source: 'M2 8h7M6 4.8L9.2 8 6 11.2M13 3v10',
  sink: 'M8 2v8M4.8 7L8 10.2 11.2 7M3 13.5h10',
} as const;

export type IconName = keyof typeof PATHS;

/** A line icon. Icons never stand alone for a meaning: a word is beside them or in the label of their button. */
export function Icon({ name, size = 14 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icon of a node, by what it is and where it stands in the flow. */
export function kindIcon(kind: NodeKind, reads: boolean, writes: boolean): IconName {
  if (kind === 'dataset') return 'database';
  if (!isStage(kind)) return kind as 'topic' | 'database' | 'external';
  return !reads && writes ? 'source' : reads && !writes ? 'sink' : 'service';
}

/** The mark of the product: water that falls over a weir. */
export function Logo() {
  return (
    <svg width="22" height="20" viewBox="0 0 22 20" fill="none" stroke-linecap="round" aria-hidden="true">
      <path d="M1 4.5h7.6c2.3 0 3.2 1.5 3.2 3.6v2.3c0 2 1 3.1 3 3.1H21" stroke="var(--accent)" stroke-width="1.8" />
      <path d="M1 8.4h5M1 12.3h4" stroke="var(--flow)" stroke-width="1.6" />
      <path d="M8.6 8.6v9" stroke="var(--ink1)" stroke-width="2" />
    </svg>
  );
}
