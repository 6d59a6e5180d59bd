import { metrics, type ProxyTracerProvider, trace } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  osDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';

interface Holder {
  readonly resource?: unknown;
  readonly _resource?: unknown;
  readonly _sharedState?: { readonly resource?: unknown };
  readonly _config?: { readonly resource?: unknown };
}

function isResource(value: unknown): value is Resource {
  return typeof (value as Resource | undefined)?.attributes === 'object' && (value as Resource).attributes !== null;
}

/** A provider does not show its resource; these are the places where releases 1 to 3 of the SDK keep it. */
function resourceOf(provider: unknown): Resource | undefined {
  const holder = provider as Holder | undefined;
  const places = [holder?.resource, holder?._resource, holder?._sharedState?.resource, holder?._config?.resource];
  return places.find(isResource);
}

/**
 * The resource of the OpenTelemetry set-up that runs in this process, so that our metrics and its spans are of one
 * service; from the OTEL_* variables where there is none.
 */
export function currentResource(attributes: Readonly<Record<string, string>> = {}): Resource {
  const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
  const found = resourceOf(provider.getDelegate?.() ?? provider) ?? resourceOf(metrics.getMeterProvider());
  if (found !== undefined) return found;
  const detectors = [serviceInstanceIdDetector, hostDetector, osDetector, envDetector];
  return defaultResource().merge(detectResources({ detectors })).merge(resourceFromAttributes(attributes));
}
