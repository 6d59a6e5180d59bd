import { describe, expect, test } from 'vitest';
import { type DeclaredPart, indexDefinitions, type PipelineDefinition } from '../../core/definition.ts';

const part = (kind: DeclaredPart['kind'], name: string, given: Partial<DeclaredPart> = {}): DeclaredPart => ({
  ...{ kind, name, owner: '', criticality: '', description: '' },
  ...given,
});
const definition = (name: string, parts: readonly DeclaredPart[], given: Partial<PipelineDefinition> = {}) => ({
  ...{ name, description: '', owner: `${name}-team`, criticality: 'medium' as const, parts, edges: [], slos: [] },
  ...given,
});
const index = indexDefinitions([
  definition('orders', [
    part('service', 'billing', { owner: 'billing-team', criticality: 'critical' }),
    part('service', 'bill*', { owner: 'others' }),
    part('group', 'audit-*'),
    part('topic', 'billing'),
  ]),
  definition('returns', [part('service', 'b*'), part('topic', 'returns')]),
]);

describe('partOf', () => {
  test('is the exact name before a glob, within its kind', () => {
    expect(index.partOf('orders', 'service', 'billing')?.owner).toBe('billing-team');
    expect(index.partOf('orders', 'service', 'bills')?.owner).toBe('others');
    expect(index.partOf('orders', 'topic', 'billing')?.owner).toBe('');
    expect(index.partOf('orders', 'topic', 'bills')).toBeUndefined();
    expect(index.partOf('nobody', 'service', 'billing')).toBeUndefined();
  });

  test('takes what runs as a stage for any kind of stage', () => {
    expect(index.partOf('orders', 'service', 'audit-1')?.kind).toBe('group');
    expect(index.partOf('orders', 'job', 'billing')?.kind).toBe('service');
    expect(index.partOf('orders', 'database', 'billing')).toBeUndefined();
  });
});

test('what names no pipeline belongs to the first that declares it; what names one, to that', () => {
  expect(index.homeOf('default', 'service', 'billing')).toBe('orders');
  expect(index.homeOf('default', 'service', 'bookings')).toBe('returns');
  expect(index.homeOf('default', 'group', 'audit-2')).toBe('orders');
  expect(index.homeOf('default', 'service', 'gateway')).toBe('default');
  expect(index.homeOf('returns', 'service', 'billing')).toBe('returns');
  const named = indexDefinitions([definition('default', []), definition('orders', [part('service', 'billing')])]);
  expect(named.homeOf('default', 'service', 'billing')).toBe('default');
});

test('ownership is the part’s, else the pipeline’s', () => {
  expect(index.ownershipOf('orders', 'service', 'billing')).toEqual({
    pipeline: 'orders',
    owner: 'billing-team',
    criticality: 'critical',
  });
  expect(index.ownershipOf('orders', 'service', 'bills')).toEqual({
    pipeline: 'orders',
    owner: 'others',
    criticality: 'medium',
  });
  expect(index.ownershipOf('orders', 'service', 'unheard-of')).toEqual({
    pipeline: 'orders',
    owner: 'orders-team',
    criticality: 'medium',
  });
  expect(index.ownershipOf('default', 'topic', 'returns')).toMatchObject({
    pipeline: 'returns',
    owner: 'returns-team',
  });
  expect(index.ownershipOf('elsewhere', 'service', 'billing')).toEqual({ pipeline: '', owner: '', criticality: '' });
});
