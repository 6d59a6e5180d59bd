import { describe, expect, it } from 'vitest';
import { parseHead } from '../../../collector/receivers/http/head.ts';

const USUAL = ['POST /v1/traces HTTP/1.1', 'Host: x', 'Content-Type: application/x-protobuf', 'Content-Length: 12'];
const head = (...lines: string[]) => lines.join('\r\n');

/** The usual head with one header replaced, or added. */
function withHeader(name: string, value: string): string {
  const others = USUAL.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return head(...others, `${name}: ${value}`);
}

describe('the head of an exporter', () => {
  it('is understood, whatever the case and the spaces of its headers', () => {
    const text = head(
      'POST /v1/metrics HTTP/1.1',
      'HOST:x:4318',
      'content-type:  application/json; charset=utf-8 \t',
      'content-length: 0',
      'Authorization: Bearer a=b:c',
      'Content-Encoding: gzip',
      'User-Agent: OTel OTLP Exporter Go/1.38.0',
      'Connection: Keep-Alive',
      'X-Empty:',
    );
    expect(parseHead(text)).toEqual({
      signal: 'metrics',
      encoding: 'json',
      authorization: 'Bearer a=b:c',
      contentEncoding: 'gzip',
      length: 0,
    });
  });

  it('may come without a connection header', () => {
    expect(parseHead(head(...USUAL))).toMatchObject({ signal: 'traces', encoding: 'protobuf', length: 12 });
  });
});

describe('left to the HTTP server of Node', () => {
  it.each([
    ['another method', head('PUT /v1/traces HTTP/1.1', ...USUAL.slice(1))],
    ['another version', head('POST /v1/traces HTTP/1.0', ...USUAL.slice(1))],
    ['another path', head('POST /v1/profiles HTTP/1.1', ...USUAL.slice(1))],
    ['a query', head('POST /v1/traces?x=1 HTTP/1.1', ...USUAL.slice(1))],
    ['no host', head(...USUAL.filter((line) => !line.startsWith('Host')))],
    ['no length', head(...USUAL.filter((line) => !line.startsWith('Content-Length')))],
    ['no type', head(...USUAL.filter((line) => !line.startsWith('Content-Type')))],
    ['another type', withHeader('Content-Type', 'text/plain')],
    ['a body in chunks', head(...USUAL, 'Transfer-Encoding: chunked')],
    ['two lengths', head(...USUAL, 'content-length: 12')],
    ['two hosts', head(...USUAL, 'host: y')],
    ['two tokens', head(...USUAL, 'Authorization: a', 'authorization: b')],
    ['a signed length', withHeader('Content-Length', '+12')],
    ['a list of lengths', withHeader('Content-Length', '12, 12')],
    ['a length in hex', withHeader('Content-Length', '0x12')],
    ['a sender that waits to be told', head(...USUAL, 'Expect: 100-continue')],
    ['a browser', head(...USUAL, 'Origin: https://example.org')],
    ['an upgrade', head(...USUAL, 'Upgrade: h2c')],
    ['a connection that ends', head(...USUAL, 'Connection: close')],
    ['a folded header', head(...USUAL, 'X-A: 1', ' 2')],
    ['a space before the colon', head(...USUAL, 'X-A : 1')],
    ['a header without a name', head(...USUAL, ': 1')],
    ['a line feed alone', head(...USUAL, 'X-A: 1\nContent-Length: 99')],
    ['a carriage return alone', head(...USUAL, 'X-A: 1\rContent-Length: 99')],
    ['a zero byte', head(...USUAL, 'X-A: \0')],
    ['bytes above ASCII', head(...USUAL, 'X-A: \xe4')],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(parseHead(text)).toBeUndefined();
  });
});
