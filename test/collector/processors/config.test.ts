import { describe, expect, it } from 'vitest';
import { processorsConfig } from '../../../collector/processors/config.ts';
import { checkConfig } from '../../../config.ts';

const SALT = '0123456789abcdef';

describe('processorsConfig', () => {
  it('does nothing by default but keep the number of series within bounds', () => {
    expect(processorsConfig.parse({})).toEqual({
      filter: [],
      attributes: [],
      cardinality: { series_per_source: 20_000, series_per_metric: 10_000, partition_keep: 20, window: 3_600_000 },
    });
  });

  it.each<[unknown, RegExp]>([
    [{ attributes: [{ keys: ['a'], action: 'hash' }] }, /attributes\[0\]\.salt: hash needs a salt/],
    [{ attributes: [{ keys: ['a'], action: 'hash', salt: 'short' }] }, /salt: is shorter than 16/],
    [{ attributes: [{ keys: ['a'], action: 'delete', salt: SALT }] }, /salt: belongs to the action hash/],
    [{ attributes: [{ keys: ['a'], action: 'mask' }] }, /action: mask needs blocked_values or pii/],
    [{ attributes: [{ keys: ['a'], action: 'redact', pii: ['email'] }] }, /pii: belongs to the action mask/],
    [
      { attributes: [{ keys: ['a'], action: 'mask', blocked_values: ['ok', '(['] }] },
      /attributes\[0\]\.blocked_values\[1\]: is not a regular expression/,
    ],
    [
      { attributes: [{ keys: ['x', 'service.name'], action: 'delete' }] },
      /attributes\[0\]\.keys\[1\]: the pipeline model needs service\.name of the resource/,
    ],
    [{ attributes: [{ keys: ['service.namespace'], action: 'hash', salt: SALT }] }, /needs service\.namespace/],
    [{ attributes: [{ keys: ['weir.*'], places: ['resource'], action: 'delete' }] }, /needs weir\.\*/],
    [{ attributes: [{ keys: ['weir.event.time'], places: ['item'], action: 'redact' }] }, /needs weir\.event\.time/],
    [{ filter: [{ signal: 'logs' }] }, /filter\[0\]\.signal: the rule has no condition; .* service: '\*'/],
    [{ filter: [{ signal: 'logs', kind: 'server' }] }, /filter\[0\]\.kind: logs have none; .* of traces/],
    [{ filter: [{ signal: 'traces', metric: 'x' }] }, /metric: traces have none/],
    [{ filter: [{ signal: 'metrics', name: 'x' }] }, /name: metrics have none; .* traces and logs/],
    [{ filter: [{ signal: 'traces', nmae: 'x' }] }, /filter\[0\]\.nmae: unknown key; did you mean "name"/],
    [{ cardinality: { series_per_source: 0 } }, /series_per_source/],
  ])('refuses %j with its path', (processors, message) => {
    expect(() => checkConfig({ collector: { processors } })).toThrowError(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }),
    );
    expect(() => checkConfig({ collector: { processors } })).toThrowError(/^collector\.processors\./);
  });

  it('takes a service name where it is not the one of a resource', () => {
    const rule = { keys: ['service.name'], places: ['item'], action: 'delete' };
    expect(processorsConfig.parse({ attributes: [rule] }).attributes).toHaveLength(1);
  });
});
