// The columns that histograms of calls derive from their series: the last seven of both histogram tables.

import { Column, fixed, low, Rows, set8, setLow } from './columns';
import { allocate } from './memory';
import { Series } from './series';

@unmanaged
export class Calls {
  kind: Column;
  operation: Column;
  destination: Column;
  system: Column;
  destinationKind: Column;
  group: Column;
  isError: Column;
}

export function callsOf(rows: Rows): Calls {
  const made = changetype<Calls>(<usize>allocate(offsetof<Calls>()));
  made.kind = low(rows, 'Kind');
  made.operation = low(rows, 'Operation');
  made.destination = low(rows, 'Destination');
  made.system = low(rows, 'DestinationSystem');
  made.destinationKind = fixed(rows, 1, 'DestinationKind', "Enum8('' = 0, 'topic' = 1, 'database' = 2, 'external' = 3)");
  made.group = low(rows, 'ConsumerGroup');
  made.isError = fixed(rows, 1, 'IsError', 'Bool');
  return made;
}

export function setCalls(into: Calls, row: u32, series: Series): void {
  setLow(into.kind, row, series.kind);
  setLow(into.operation, row, series.operation);
  setLow(into.destination, row, series.destination);
  setLow(into.system, row, series.system);
  set8(into.destinationKind, row, series.destinationKind);
  setLow(into.group, row, series.group);
  set8(into.isError, row, series.isError);
}
