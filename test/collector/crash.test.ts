import { it } from 'vitest';
import { survive } from './crash-rounds.ts';

it(
  'stores every acknowledged item exactly once over nine kill -9 of collector, engine or both',
  { timeout: 200_000 },
  () => survive(9),
);
