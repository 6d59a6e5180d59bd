import { ATTR } from '../../core/semconv.ts';
import type { AttributePlace } from '../reader/hooks.ts';

const OWN_PREFIX = 'weir.';
const NAMES: ReadonlySet<string> = new Set([ATTR.serviceName, ATTR.serviceNamespace]);

/**
 * Whether an attribute is left as it is: the pipeline model is made of service names and of Weir's own attributes.
 * Also for a glob that can match nothing else; a wider one (`service.*`, `*`) passes them by.
 */
export function isReserved(key: string, place: AttributePlace): boolean {
  return key.startsWith(OWN_PREFIX) || (place === 'resource' && NAMES.has(key));
}
