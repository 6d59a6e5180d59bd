/**
 * One value per process under a name. A program may load two installed copies of this package; both must see the same
 * running SDK.
 */
export function shared<T>(name: string, create: () => T): T {
  const key = Symbol.for(`weir.sdk.${name}`);
  const global = globalThis as unknown as Record<symbol, T | undefined>;
  const existing = global[key];
  if (existing !== undefined) return existing;
  const created = create();
  global[key] = created;
  return created;
}
