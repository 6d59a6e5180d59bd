/** The pages and their addresses. Everything a page shows can be linked to: the address holds the range and filters. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'stage'; readonly pipeline: string; readonly stage: string }
  | { readonly page: 'groups' }
  | { readonly page: 'group'; readonly group: string }
  | { readonly page: 'pipelines' }
  | { readonly page: 'pipeline'; readonly pipeline: string }
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
      if (first === 'groups') return second === undefined ? { page: 'groups' } : { page: 'group', group: second };
      if (first === 'pipelines')
        return second === undefined ? { page: 'pipelines' } : { page: 'pipeline', pipeline: second };
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

function withQuery(path: string, given: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== '')).toString();
  return query === '' ? path : `${path}?${query}`;
}

export const address = {
  overview: (pipeline?: string) => (pipeline === undefined ? '/' : `/?pipeline=${e(pipeline)}`),
  stage: (pipeline: string, stage: string) => `/stages/${e(pipeline)}/${e(stage)}`,
  groups: (filter: Readonly<Record<string, string>> = {}) => withQuery('/groups', filter),
  group: (cluster: string, group: string) => withQuery(`/groups/${e(group)}`, { cluster }),
  pipelines: () => '/pipelines',
  pipeline: (pipeline: string) => `/pipelines/${e(pipeline)}`,
  incidents: () => '/incidents',
  incident: (id: string) => `/incidents/${e(id)}`,
  traces: (filter: Readonly<Record<string, string>> = {}) => withQuery('/traces', filter),
  trace: (id: string, span?: string) => `/traces/${e(id)}${span === undefined ? '' : `?span=${e(span)}`}`,
};
