/** A column of a Native block: its values already in ClickHouse's binary layout. */
export interface NativeColumn {
  readonly name: string;
  readonly type: string;
  readonly values: Buffer;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** One block of ClickHouse's Native format: column count, row count, then name, type and values of each column. */
export function nativeBlock(columns: readonly NativeColumn[], rows: number): Buffer {
  const parts = columns.flatMap((column) => [text(column.name), text(column.type), column.values]);
  return Buffer.concat([varint(columns.length), varint(rows), ...parts]);
}
