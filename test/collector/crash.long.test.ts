import { it } from 'vitest';
import { survive } from './crash-rounds.ts';

it('stores every acknowledged item exactly once over a hundred kill -9', { timeout: 1_800_000 }, () => survive(100));
