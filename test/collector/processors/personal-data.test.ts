import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PERSONAL_DATA, type PersonalData, personalDataMask } from '../../../collector/processors/personal-data.ts';

const mask = (kind: PersonalData, value: string) => personalDataMask(kind)(value, '****');

describe('personalDataMask', () => {
  it.each<[PersonalData, string, string]>([
    ['email', 'from john.doe+x@mail.example.com, b@c.org', 'from ****, ****'],
    ['email', '/reset?for=john%40example.com&x=1', '/reset?for=****&x=1'],
    ['email', 'müller@exämple.de', '****'],
    ['email', 'npm install @scope/name', 'npm install @scope/name'],
    ['email', 'user@localhost', 'user@localhost'],
    ['ip', 'from 10.0.0.1:8080', 'from ****:8080'],
    ['ip', '[2001:db8::1]:443', '[****]:443'],
    ['ip', '2001:0db8:85a3:0000:0000:8a2e:0370:7334', '****'],
    ['ip', '::ffff:192.0.2.1', '****'],
    ['ip', 'version 1.2.3.4.5 at 12:30:45 in std::string', 'version 1.2.3.4.5 at 12:30:45 in std::string'],
    ['ip', '999.1.1.1', '999.1.1.1'],
    ['credit_card', 'card 4111111111111111.', 'card ****.'],
    ['credit_card', '12 4111 1111 1111 1111 12', '12 **** 12'],
    ['credit_card', '5500-0055-5555-5559', '****'],
    ['credit_card', '378282246310005 6011111111111117', '**** ****'],
    ['credit_card', 'wrong check digit 4111111111111112', 'wrong check digit 4111111111111112'],
    ['credit_card', 'time 1700000000000000004', 'time 1700000000000000004'],
    ['credit_card', 'number 1700000000000001', 'number 1700000000000001'],
    ['bearer_token', 'authorization: Bearer abcDEF123456', 'authorization: ****'],
    ['bearer_token', 'a eyJhbGciOiJI.eyJzdWIiOiIx.sig-1 b', 'a **** b'],
    ['bearer_token', 'Basic dXNlcjpwYXNz', '****'],
    ['bearer_token', 'the bearer of news', 'the bearer of news'],
  ])('%s in %s', (kind, value, expected) => {
    expect(mask(kind, value)).toBe(expected);
  });

  const words = fc.string({ unit: fc.constantFrom(...' abz,;'), maxLength: 12 });
  const digits = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
  const secrets: Readonly<Record<PersonalData, fc.Arbitrary<string>>> = {
    email: fc.emailAddress({ size: 'small' }).filter((address) => /^[\w.%+'-]+@/.test(address)),
    credit_card: digits(14).map((rest) => withCheckDigit(`4${rest}`)),
    ip: fc.oneof(fc.ipV4(), fc.ipV6()),
    bearer_token: fc.base64String({ minLength: 12, maxLength: 60 }).map((token) => `Bearer ${token}`),
  };

  it.each(PERSONAL_DATA)('%s: never leaks what it recognises, wherever it stands', (kind) => {
    fc.assert(
      fc.property(secrets[kind], words, words, (secret, before, after) => {
        const masked = mask(kind, `${before} ${secret} ${after}`);
        expect(masked).toBe(`${before} **** ${after}`);
      }),
      { numRuns: 500 },
    );
  });

  it.each(PERSONAL_DATA)('%s: has nothing more to hide the second time', (kind) => {
    const piece = fc.oneof(...Object.values(secrets), words, fc.constantFrom('@', '.', ':', '::', '%40', '1', ' '));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = personalDataMask(kind)(pieces.join(' '), ' x ');
        expect(personalDataMask(kind)(once, ' x ')).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(PERSONAL_DATA)('%s: takes a time that grows with the length of the value, not its square', (kind) => {
    const units = ['a', 'a.', 'a@', 'a@a.', '1', ':', 'a:', '1.', '::a', '4 ', 'bearer ', 'ey', 'eyaaaaaaaa.ey'];
    const spent = process.cpuUsage();
    for (const unit of units) mask(kind, unit.repeat(65_536 / unit.length));
    expect(process.cpuUsage(spent).user / 1000).toBeLessThan(2000);
  });
});

function withCheckDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const weighted = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return digits + ((10 - (sum % 10)) % 10);
}
