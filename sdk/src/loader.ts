import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import type { Instrumentation, InstrumentationBase } from '@opentelemetry/instrumentation';
import { shared } from './state.ts';

const HOOK = '@opentelemetry/instrumentation/hook.mjs';
const state = shared('loader', () => ({ registered: false }));

/** Modules the instrumentations want to see, by import specifier. */
function hookedModules(instrumentations: readonly Instrumentation[]): string[] {
  const names = instrumentations.flatMap((instrumentation) => {
    const definitions = (instrumentation as Partial<InstrumentationBase>).getModuleDefinitions?.() ?? [];
    return definitions.map((definition) => definition.name);
  });
  return [...new Set(names)];
}

/**
 * Lets instrumentations see ES modules: a loader hook that wraps the named modules and no others, so that the rest of
 * the program loads untouched. Must run before the program's own imports, hence `--import`. `require` needs no loader.
 * Worker threads share the main thread's hooks.
 */
export function registerLoader(instrumentations: readonly Instrumentation[]): void {
  if (state.registered || !isMainThread) return;
  state.registered = true;
  const include = hookedModules(instrumentations);
  if (include.length > 0) register(HOOK, import.meta.url, { data: { include } });
}
