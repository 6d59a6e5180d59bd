/** The parts a process can take on. `store` is the embedded engine; it is left out when `store.url` is configured. */
export const ROLES = ['store', 'collector', 'pipelines', 'detector', 'alerting', 'api'] as const;
export type Role = (typeof ROLES)[number];
