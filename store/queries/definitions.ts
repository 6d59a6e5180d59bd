import type { PipelineDefinition } from '../../core/definition.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { millisCell } from './cells.ts';

/** The definitions in force at `at`, by name: what the configuration declared of pipelines then. */
export async function readDefinitions(store: Store, at: Millis): Promise<PipelineDefinition[]> {
  const rows = await store.rows<{ body: string }>(
    `
SELECT argMax(Body, Since) AS body, argMax(Removed, Since) AS removed
FROM pipeline_definitions
WHERE Since <= fromUnixTimestamp64Milli({at:Int64})
GROUP BY Pipeline
HAVING NOT removed
ORDER BY Pipeline`,
    { at: Math.max(0, Math.floor(at)) },
  );
  return rows.map(({ body }) => revive(body));
}

/**
 * Makes `definitions` the ones in force from `at` on: writes a version of each that differs from what is, and ends those that
 * are no more. Answers how many rows that took.
 */
export async function writeDefinitions(
  store: Store,
  definitions: readonly PipelineDefinition[],
  at: Millis,
): Promise<number> {
  const known = new Map((await readDefinitions(store, at)).map((one) => [one.name, JSON.stringify(one)]));
  const names = new Set(definitions.map(({ name }) => name));
  const changed = definitions.filter((one) => known.get(one.name) !== JSON.stringify(one));
  const row = (name: string, one: PipelineDefinition | undefined) => ({
    Pipeline: name,
    Since: millisCell(at),
    Removed: one === undefined,
    Owner: one?.owner ?? '',
    Criticality: one?.criticality ?? '',
    Body: one === undefined ? '' : JSON.stringify(one),
  });
  const rows = [
    ...changed.map((one) => row(one.name, one)),
    ...[...known.keys()].filter((name) => !names.has(name)).map((name) => row(name, undefined)),
  ];
  await store.insert('pipeline_definitions', rows);
  return rows.length;
}

/** JSON has no NaN: the target of an SLO of errors comes back as null. */
function revive(body: string): PipelineDefinition {
  const definition = JSON.parse(body) as PipelineDefinition;
  const slos = definition.slos.map((slo) => ({ ...slo, target: slo.target ?? Number.NaN }));
  return { ...definition, slos };
}
