export type Matches = (text: string) => boolean;

/** Whether a text is a glob's: `*` stands for any run of characters, everything else for itself. Linear in the text. */
export function createGlob(glob: string): Matches {
  const parts = glob.split('*');
  if (parts.length === 1) return (text) => text === glob;
  const head = parts[0] as string;
  const tail = parts.at(-1) as string;
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  const shortest = head.length + tail.length;
  if (middle.length === 0) return (text) => text.length >= shortest && text.startsWith(head) && text.endsWith(tail);
  return (text) => {
    if (text.length < shortest || !text.startsWith(head) || !text.endsWith(tail)) return false;
    // The earliest place of each part leaves the most text to the ones after it.
    let at = head.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - tail.length;
  };
}

/** Whether any of the globs matches. */
export function createGlobs(globs: readonly string[]): Matches {
  const matchers = globs.map(createGlob);
  return (text) => matchers.some((matches) => matches(text));
}
