/** The pages and their addresses. Everything a page shows can be linked to: the address holds the range and filters. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'stage'; readonly pipeline: string; readonly stage: string }
  | { readonly page: 'incidents' }
  | { readonly page: 'incident'; readonly id: string }
  | { readonly page: 'traces' }
  | { readonly page: 'trace'; readonly id: string }
  | { readonly page: 'lost'; readonly path: string };

export function parseRoute(path: string): Route {
  const [first = '', second, third, ...more] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  if (more.length === 0) {
    if (first === '') return { page: 'overview' };
    if (first === 'stages' && second !== undefined && third !== undefined)
      return { page: 'stage', pipeline: second, stage: third };
    if (third === undefined) {
      if (first === 'incidents') return second === undefined ? { page: 'incidents' } : { page: 'incident', id: second };
      if (first === 'traces') return second === undefined ? { page: 'traces' } : { page: 'trace', id: second };
    }
  }
  return { page: 'lost', path };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const e = encodeURIComponent;

export const address = {
  overview: (pipeline?: string) => (pipeline === undefined ? '/' : `/?pipeline=${e(pipeline)}`),
  stage: (pipeline: string, stage: string) => `/stages/${e(pipeline)}/${e(stage)}`,
  incidents: () => '/incidents',
  incident: (id: string) => `/incidents/${e(id)}`,
  traces: (filter: Readonly<Record<string, string>> = {}) => {
    const query = new URLSearchParams(filter).toString();
    return query === '' ? '/traces' : `/traces?${query}`;
  },
  trace: (id: string, span?: string) => `/traces/${e(id)}${span === undefined ? '' : `?span=${e(span)}`}`,
};
