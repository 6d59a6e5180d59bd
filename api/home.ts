import { type DefinitionIndex, NO_PIPELINE } from '../core/definition.ts';
import { type Labels, labelOf } from '../core/labels.ts';

/** Which labels to read to find what belongs to a pipeline, and which of what was read does. */
export interface Home {
  readonly matches: readonly Labels[];
  holds(labels: Labels): boolean;
}

/**
 * What `match` (labels that must be equal) finds, in a declared pipeline also among telemetry that names none: that
 * belongs where its stage is declared.
 */
export function homeOf(definitions: DefinitionIndex, match: Labels): Home {
  const { pipeline, ...rest } = match;
  const others = Object.entries(rest);
  const declared = pipeline !== undefined && definitions.definitionOf(pipeline) !== undefined;
  return {
    matches: declared && pipeline !== NO_PIPELINE ? [match, { ...match, pipeline: NO_PIPELINE }] : [match],
    holds: (labels) =>
      others.every(([name, value]) => labelOf(labels, name) === value) &&
      (pipeline === undefined ||
        definitions.homeOf(labels['pipeline'] ?? '', 'service', labels['stage'] ?? '') === pipeline),
  };
}
