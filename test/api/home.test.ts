import { describe, expect, test } from 'vitest';
import { homeOf } from '../../api/home.ts';
import { indexDefinitions, NO_PIPELINE } from '../../core/definition.ts';

const part = { kind: 'service', name: 'mail*', owner: '', criticality: '', description: '' } as const;
const post = { name: 'post', description: '', owner: '', criticality: '', parts: [part], edges: [], slos: [] } as const;
const definitions = indexDefinitions([post]);

describe('a declared pipeline', () => {
  const home = homeOf(definitions, { pipeline: 'post', stage: 'mailer' });

  test('is looked for under its own name and where telemetry names none', () => {
    expect(home.matches).toEqual([
      { pipeline: 'post', stage: 'mailer' },
      { pipeline: NO_PIPELINE, stage: 'mailer' },
    ]);
  });

  test.each([
    [{ pipeline: 'post', stage: 'mailer' }, true],
    [{ pipeline: NO_PIPELINE, stage: 'mailer' }, true],
    [{ pipeline: NO_PIPELINE, stage: 'shop' }, false],
    [{ pipeline: 'shop', stage: 'mailer' }, false],
    [{ pipeline: 'post', stage: 'other' }, false],
  ])('holds %j: %s', (labels, held) => {
    expect(home.holds(labels)).toBe(held);
  });

  test('as a whole holds each of its stages, and none that is not declared', () => {
    const whole = homeOf(definitions, { pipeline: 'post' });
    expect(whole.holds({ pipeline: NO_PIPELINE, stage: 'mailbox' })).toBe(true);
    expect(whole.holds({ pipeline: NO_PIPELINE, stage: 'shop' })).toBe(false);
    expect(whole.holds({ pipeline: NO_PIPELINE })).toBe(false);
  });
});

test('a pipeline that nobody declared is what telemetry calls it', () => {
  const home = homeOf(definitions, { pipeline: 'shop' });
  expect(home.matches).toEqual([{ pipeline: 'shop' }]);
  expect(home.holds({ pipeline: 'shop', stage: 'mailer' })).toBe(true);
  expect(home.holds({ pipeline: NO_PIPELINE, stage: 'mailer' })).toBe(false);
});

test('what names no pipeline has what is declared nowhere', () => {
  const home = homeOf(definitions, { pipeline: NO_PIPELINE });
  expect(home.matches).toEqual([{ pipeline: NO_PIPELINE }]);
  expect(home.holds({ pipeline: NO_PIPELINE, stage: 'shop' })).toBe(true);
  expect(home.holds({ pipeline: NO_PIPELINE, stage: 'mailer' })).toBe(false);
});

test('without a pipeline nothing is widened', () => {
  const home = homeOf(definitions, { stage: 'mailer' });
  expect(home.matches).toEqual([{ stage: 'mailer' }]);
  expect(home.holds({ pipeline: 'any', stage: 'mailer' })).toBe(true);
  expect(home.holds({ pipeline: 'any', stage: 'other' })).toBe(false);
});
