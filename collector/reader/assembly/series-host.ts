// What the module asks of its host about series (collector/reader/series.ts).

/** 0 admit, 1 reject, 2 divert; the attributes lie one after the other: size u32 and bytes of each key and each value. */
// @ts-ignore: decorator
@external('host', 'admitSeries')
export declare function admitSeries(id: u64, attributes: u32, size: u32): i32;

/** Hands over a point of a diverted series; what it shares with other points of its metric is told by exports. */
// @ts-ignore: decorator
@external('host', 'divertPoint')
export declare function divertPoint(
  attributes: u32, size: u32, start: u64, time: u64, value: f64, flags: u32, point: u32, pointSize: u32,
): void;
