import type { Attributes } from '../message.ts';
import type { Random } from '../random.ts';

const NAMES = [
  ...['checkout', 'cart', 'payments', 'pricing', 'inventory', 'shipping', 'catalog', 'search', 'recommendations'],
  ...['accounts', 'identity', 'notifications', 'invoicing', 'fraud', 'ledger', 'orders', 'returns', 'reviews'],
  ...['loyalty', 'promotions', 'gateway', 'sessions', 'geocoder', 'tax', 'warehouse'],
] as const;
const TEAMS = ['edge', 'core', 'money', 'logistics', 'growth'] as const;
const LANGUAGES = ['java', 'go', 'nodejs', 'python', 'dotnet'] as const;

export interface ServiceShape {
  readonly name: string;
  /** 17 attributes, as an SDK with host, container, Kubernetes and process detection sends them. */
  readonly resource: Attributes;
  /** 20 operations of the service, `GET /orders/{id}` and the like. */
  readonly routes: readonly string[];
  readonly scope: readonly [name: string, version: string];
}

/** 50 services of 20 operations each. The same for every seed but for the ids of their instances. */
export function serviceShapes(random: Random): readonly ServiceShape[] {
  return Array.from({ length: 50 }, (_, i) => {
    const noun = NAMES[i % NAMES.length] as string;
    const name = i < NAMES.length ? `${noun}-service` : `${noun}-worker`;
    const language = LANGUAGES[i % LANGUAGES.length] as string;
    const hex = (count: number) => Array.from({ length: count }, () => random.whole(16).toString(16)).join('');
    const node = `ip-10-${i}-${random.whole(250)}-${random.whole(250)}.eu-central-1.compute.internal`;
    return {
      name,
      resource: {
        'service.name': name,
        'service.namespace': `shop-${TEAMS[i % TEAMS.length]}`,
        'service.version': `2.${i}.${random.whole(30)}`,
        'service.instance.id': `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
        'deployment.environment.name': 'production',
        'telemetry.sdk.name': 'opentelemetry',
        'telemetry.sdk.language': language,
        'telemetry.sdk.version': '1.49.0',
        'host.name': node,
        'host.arch': 'amd64',
        'os.type': 'linux',
        'process.pid': 1 + random.whole(60_000),
        'process.runtime.name': language,
        'container.id': hex(64),
        'k8s.namespace.name': `shop-${TEAMS[i % TEAMS.length]}`,
        'k8s.pod.name': `${name}-${hex(9)}-${hex(5)}`,
        'cloud.region': 'eu-central-1',
      },
      routes: Array.from(
        { length: 20 },
        (_, r) => `/api/v${1 + (r % 3)}/${noun}/${'abcdefghijklmnopqrst'[r]}${noun}/{id}`,
      ),
      scope: [`io.opentelemetry.${language}.instrumentation`, `2.${i % 9}.0`],
    };
  });
}
