import { describe, expect, it } from 'vitest';
import { assertBindAllowed, authorized, isLoopback, listenConfig, tlsListenConfig } from '../../core/listen.ts';

const listen = (input: object) => listenConfig(4318).parse(input);

describe('listenConfig', () => {
  it('binds loopback on the default port when empty', () => {
    expect(listen({})).toEqual({ host: '127.0.0.1', port: 4318 });
  });

  it.each([{ port: 70_000 }, { port: '4318' }, { token: 'short' }, { hosts: 'x' }])('refuses %j', (input) => {
    expect(() => listen(input)).toThrow();
  });
});

describe('assertBindAllowed', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('lets %s pass without a token', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(() => assertBindAllowed(listen({ host }), 'api.listen')).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'weir.example', '127.0.0.1.example'])('refuses %s without a token', (host) => {
    expect(() => assertBindAllowed(listen({ host }), 'api.listen')).toThrowError(
      expect.objectContaining({
        code: 'core_listen_unprotected',
        message: expect.stringMatching(/api\.listen .* without a token.*Set api\.listen\.token/s),
      }),
    );
  });

  it('lets any address pass that demands client certificates, not one that only has its own', () => {
    const files = { cert_file: 'tls.pem', key_file: 'tls.key' };
    const bind = (tls: object) =>
      assertBindAllowed(tlsListenConfig(4318).parse({ host: '0.0.0.0', tls }), 'collector.otlp_http');
    expect(() => bind({ ...files, client_ca_file: 'ca.pem' })).not.toThrow();
    expect(() => bind(files)).toThrow(/collector\.otlp_http\.token/);
  });

  it('lets any address pass with a token', () => {
    expect(() => assertBindAllowed(listen({ host: '0.0.0.0', token: 'x'.repeat(16) }), 'api.listen')).not.toThrow();
  });
});

describe('authorized', () => {
  const open = listen({});
  const closed = listen({ token: 'a-token-of-enough-length' });

  it('needs nothing without a token', () => {
    expect(authorized(open, undefined)).toBe(true);
  });

  it.each([undefined, '', 'Bearer ', 'Bearer a-token-of-enough-lengtH', 'a-token-of-enough-length'])(
    'refuses %j',
    (header) => {
      expect(authorized(closed, header)).toBe(false);
    },
  );

  it('takes the bearer token', () => {
    expect(authorized(closed, 'Bearer a-token-of-enough-length')).toBe(true);
  });
});
