// The part of the WebAssembly interface that the kernel uses beyond what collector/reader/webassembly.d.ts declares.
declare namespace WebAssembly {
  interface Memory {
    grow(pages: number): number;
  }
  var Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => Memory;
  function validate(bytes: Uint8Array): boolean;
}
