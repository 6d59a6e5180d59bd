/**
 * Least-squares fit of a non-decreasing sequence to `targets` (pool adjacent violators; Ayer et al. 1955): blocks of
 * values that fall are pooled to their weighted mean until none falls.
 */
export function isotonic(targets: readonly number[], weights: readonly number[]): number[] {
  const blocks: { value: number; weight: number; size: number }[] = [];
  targets.forEach((value, i) => {
    blocks.push({ value, weight: weights[i] ?? 1, size: 1 });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1]!;
      const before = blocks[blocks.length - 2]!;
      if (before.value <= last.value) break;
      const weight = before.weight + last.weight;
      before.value = (before.value * before.weight + last.value * last.weight) / weight;
      before.weight = weight;
      before.size += last.size;
      blocks.pop();
    }
  });
  return blocks.flatMap((block) => Array<number>(block.size).fill(block.value));
}
