import { describe, expect, test } from 'vitest';
import { type Consumer, consumerOf } from '../../../store/queries/consumers.ts';

const reader = (pipeline: string, service: string, topic: string, group: string): Consumer => ({
  pipeline,
  service,
  topic,
  group,
});

describe('the stage of a lag', () => {
  const lag = { pipeline: 'shop', topic: 'orders', group: 'billing' };
  const cases: [string, readonly Consumer[], typeof lag, string][] = [
    ['is the reader of topic and group', [reader('shop', 'invoices', 'orders', 'billing')], lag, 'shop/invoices'],
    [
      'is the one of its own pipeline when two fit',
      [reader('other', 'x', 'orders', 'billing'), reader('shop', 'y', 'orders', 'billing')],
      lag,
      'shop/y',
    ],
    ['may stand in another pipeline', [reader('other', 'x', 'orders', 'billing')], lag, 'other/x'],
    ['is a reader of another topic in the group', [reader('shop', 'x', 'refunds', 'billing')], lag, 'shop/x'],
    ['is not so across pipelines', [reader('other', 'x', 'refunds', 'billing')], lag, 'shop/billing'],
    [
      'is so for a measurement without a pipeline',
      [reader('other', 'x', 'refunds', 'billing')],
      { ...lag, pipeline: 'default' },
      'other/x',
    ],
    [
      'is a reader without a group that is called like it',
      [reader('shop', 'other', 'orders', ''), reader('shop', 'billing', 'orders', '')],
      lag,
      'shop/billing',
    ],
    [
      'prefers topic and group to the group',
      [reader('shop', 'x', 'refunds', 'billing'), reader('shop', 'y', 'orders', 'billing')],
      lag,
      'shop/y',
    ],
    [
      'is the first of equals',
      [reader('shop', 'x', 'orders', 'billing'), reader('shop', 'y', 'orders', 'billing')],
      lag,
      'shop/x',
    ],
    ['is the group while nobody reads', [reader('shop', 'x', 'orders', 'audit')], lag, 'shop/billing'],
    ['is not the reader of a nameless group', [reader('shop', 'x', 'refunds', '')], { ...lag, group: '' }, 'shop/'],
  ];
  test.each(cases)('%s', (_name, consumers, measured, expected) => {
    const { pipeline, stage } = consumerOf(consumers, measured);
    expect(`${pipeline}/${stage}`).toBe(expected);
  });
});
