import { Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { collect, readConfig, wholeNumber, withConfigOptions, withWebhook } from '../../cli/options.ts';
import type { Platform } from '../../cli/platform.ts';
import { banner, parseRoles } from '../../cli/run.ts';
import { checkConfig } from '../../config.ts';

async function parsed(args: readonly string[]) {
  let options: unknown;
  const command = withConfigOptions(new Command('try')).action((given: unknown) => {
    options = given;
  });
  await command.exitOverride().parseAsync(args, { from: 'user' });
  return options as Parameters<typeof readConfig>[0];
}

describe('the configuration options', () => {
  it('are empty without arguments', async () => {
    expect(readConfig(await parsed([]))).toEqual(checkConfig({}));
  });

  it('place the data, set keys and shift ports', async () => {
    const config = readConfig(
      await parsed([
        '--data',
        'there',
        '--set',
        'detector.step=20s',
        '--set',
        'api.listen.port=9000',
        '--port-offset',
        '7',
      ]),
    );
    expect(config.data).toBe('there');
    expect(config.detector.step).toBe(20_000);
    expect(config.api.listen.port).toBe(9007);
    expect(config.alerting.listen.port).toBe(9100);
  });

  it('collect repeats in order', () => {
    expect(collect('b', ['a'])).toEqual(['a', 'b']);
  });

  it.each(['-1', '1.5', 'x', '', '123456'])('refuse %j as a whole number', (text) => {
    expect(() => wholeNumber(text)).toThrow(InvalidArgumentError);
  });
});

describe('withWebhook', () => {
  const url = 'http://127.0.0.1:9999/hook';

  it('leaves the configuration alone without an address', () => {
    const config = checkConfig({});
    expect(withWebhook(config, undefined)).toBe(config);
  });

  it('adds the address to the receiver that takes everything, the built-in one too', () => {
    const [receiver] = withWebhook(checkConfig({}), url).alerting.receivers;
    expect(receiver?.webhook_configs).toEqual([expect.objectContaining({ url })]);
  });

  it('keeps the destinations that are configured', () => {
    const config = checkConfig({
      alerting: {
        route: { receiver: 'team' },
        receivers: [{ name: 'team', webhook_configs: [{ url: 'http://127.0.0.1:1/' }] }, { name: 'other' }],
      },
    });
    const { receivers } = withWebhook(config, url).alerting;
    const urls = Object.fromEntries(
      receivers.map(({ name, webhook_configs }) => [name, webhook_configs.map((w) => w.url)]),
    );
    expect(urls).toMatchObject({ team: ['http://127.0.0.1:1/', url], other: [] });
  });
});

describe('roles', () => {
  it('are named with commas', () => {
    expect(parseRoles('collector, api')).toEqual(['collector', 'api']);
  });

  it('must be known', () => {
    expect(() => parseRoles('collector,kolektor')).toThrow(/"kolektor" is no role; the roles are store, collector/);
  });
});

describe('banner', () => {
  it('names the addresses of what runs here and nothing else', () => {
    const platform = { addresses: { store: 'http://127.0.0.1:8123', ui: 'http://127.0.0.1:8080' } } as Platform;
    expect(banner(platform)).toBe(
      'Weir is up.\n  Interface   http://127.0.0.1:8080\n  ClickHouse  http://127.0.0.1:8123\nStop with Ctrl-C.\n',
    );
  });
});
