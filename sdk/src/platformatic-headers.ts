import { diag } from '@opentelemetry/api';
import { PATHWAY_HEADER } from './pathway-header.ts';

/** Headers of a message as `@platformatic/kafka` takes and gives them: keys may be text or bytes. */
export type Headers = Map<unknown, unknown> | Record<string, unknown>;
type Serialize = (value: unknown) => unknown;
/** A header's key and value in the form this producer's serializers take. */
export type Form = (text: string) => unknown;

const known = new WeakMap<object, { key: Form; value: Form } | undefined>();
const HEADER_BYTES = Buffer.from(PATHWAY_HEADER);

/** Of the two ways to hand over a header, the one that a serializer turns into its plain bytes. */
function formFor(serialize: Serialize | undefined): Form | undefined {
  const forms: Form[] = [(text) => Buffer.from(text), (text) => text];
  return forms.find((form) => {
    try {
      const bytes = serialize === undefined ? form(PATHWAY_HEADER) : serialize(form(PATHWAY_HEADER));
      return bytes instanceof Uint8Array && HEADER_BYTES.equals(bytes);
    } catch {
      return false;
    }
  });
}

interface ClientOptions {
  readonly serializers?: { readonly headerKey?: Serialize; readonly headerValue?: Serialize };
  readonly registry?: { getSerializers?(): { headerKey?: Serialize; headerValue?: Serialize } };
}

/** How a producer's serializers want a header's key and value; undefined when they take no text. */
export function formsOf(producer: object): { key: Form; value: Form } | undefined {
  if (known.has(producer)) return known.get(producer);
  const symbol = Object.getOwnPropertySymbols(producer).find((key) => key.description === 'plt.kafka.base.options');
  const options = symbol === undefined ? undefined : (producer as Record<symbol, ClientOptions>)[symbol];
  const serializers = options?.registry?.getSerializers?.() ?? options?.serializers;
  const key = formFor(serializers?.headerKey);
  const value = formFor(serializers?.headerValue);
  const forms = key === undefined || value === undefined ? undefined : { key, value };
  if (forms === undefined)
    diag.warn('@weir/sdk: header serializers of a producer take no text; it stays without pathways');
  known.set(producer, forms);
  return forms;
}

/** The pathway header of a message. */
export function headerOf(headers: Headers | undefined): unknown {
  if (headers === undefined) return undefined;
  if (!(headers instanceof Map)) return headers[PATHWAY_HEADER];
  const present = headers.get(PATHWAY_HEADER);
  if (present !== undefined || headers.size === 0) return present;
  for (const [key, value] of headers) if (key instanceof Uint8Array && HEADER_BYTES.equals(key)) return value;
  return undefined;
}
