import { durationParts, formatNumber, type Part } from '../format.ts';

/** Numbers with their units at 0.62 of the size. */
export function Quantity({ parts }: { parts: readonly Part[] }) {
  return (
    <span class="qty">
      {parts.map((part) => (
        <>
          <span class="num">{part.value}</span>
          {part.unit === '' ? null : <span class="unit">{`\u202f${part.unit}`}</span>}
        </>
      ))}
    </span>
  );
}

export function Duration({ seconds }: { seconds: number | null | undefined }) {
  return <Quantity parts={durationParts(seconds)} />;
}

export function Rate({ value }: { value: number | null | undefined }) {
  const known = typeof value === 'number' && Number.isFinite(value);
  return <Quantity parts={[{ value: formatNumber(value), unit: known ? '/s' : '' }]} />;
}
