import type { ReaderFault } from './instance.ts';

/** Why bytes are not a request, in words; the codes are those of assembly/host.ts. */
export function malformedWords({ code, numbers: [a = 0, b = 0, c = 0] }: ReaderFault): string {
  switch (code) {
    case 1:
      return 'the message ends inside a number';
    case 2:
      return 'a number is longer than ten bytes';
    case 3:
      return `a length of ${a >>> 0} bytes where ${b >>> 0} are left`;
    case 4:
      return 'a field has number 0';
    case 5:
      return `wire type ${a} where field ${b} has ${c}`;
    default:
      return `field ${a >>> 0} has the wire type ${b}, which proto3 does not know`;
  }
}
