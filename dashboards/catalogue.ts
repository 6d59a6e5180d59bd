import type { Dashboard } from '../core/dashboard.ts';
import { overview } from './overview.ts';
import { stage } from './stage.ts';

/** Every dashboard there is. A new one is a file beside these and a word in this list. */
export const DASHBOARDS: readonly Dashboard[] = [overview, stage];

export function findDashboard(id: string): Dashboard | undefined {
  return DASHBOARDS.find((dashboard) => dashboard.id === id);
}
