// What the module asks of its host (collector/reader/instance.ts).

/** Throws, unwinding the whole read: `at` is the address of the fault, the other numbers depend on the code. */
// @ts-ignore: decorator
@external('host', 'fail')
export declare function fail(code: i32, at: u32, a: u32, b: u32, c: u32): void;

/** Refuses `items` items at the place told by the exported positions, for a reason and a fault in words. */
// @ts-ignore: decorator
@external('host', 'reject')
export declare function reject(reason: i32, fault: i32, value: u64, items: u32): void;

/** Writes a double as JavaScript writes it to `to`, at most 32 bytes; the number of bytes. */
// @ts-ignore: decorator
@external('host', 'formatDouble')
export declare function formatDouble(value: f64, to: u32): u32;

/** What to do with an attribute: 0 keep, 1 delete, 2 transform. */
// @ts-ignore: decorator
@external('host', 'attributeAction')
export declare function attributeAction(key: u32, keySize: u32, place: i32): i32;

/** The new text of a value lies in the room given out by `roomForText`; its size is returned. */
// @ts-ignore: decorator
@external('host', 'transformValue')
export declare function transformValue(key: u32, keySize: u32, value: u32, valueSize: u32, place: i32): u32;

/** Whether items of this service are asked about one by one. */
// @ts-ignore: decorator
@external('host', 'filterScope')
export declare function filterScope(signal: i32, service: u32, serviceSize: u32): i32;

/** Whether to drop an item; the service is the one of the last `filterScope`. */
// @ts-ignore: decorator
@external('host', 'dropItem')
export declare function dropItem(signal: i32, name: u32, nameSize: u32, message: u32, messageSize: u32): i32;

export const FAIL_ENDS: i32 = 1;
export const FAIL_LONG: i32 = 2;
export const FAIL_LENGTH: i32 = 3;
export const FAIL_ZERO: i32 = 4;
export const FAIL_WIRE: i32 = 5;
export const FAIL_GROUP: i32 = 6;
export const FAIL_MEMORY: i32 = 7;

// Reasons and faults, by their place in the lists of collector/reader/refusals.ts.
export const REASON_TRACE_ID: i32 = 0;
export const REASON_SPAN_ID: i32 = 1;
export const REASON_TIME: i32 = 2;
export const REASON_NAME: i32 = 3;
export const REASON_VALUE: i32 = 4;
export const REASON_BUCKETS: i32 = 5;
export const REASON_TOO_OLD: i32 = 6;
export const REASON_TOO_NEW: i32 = 7;
export const REASON_FILTERED: i32 = 8;
export const REASON_CARDINALITY: i32 = 9;

export const SIGNAL_TRACES: i32 = 0;
export const SIGNAL_METRICS: i32 = 1;
export const SIGNAL_LOGS: i32 = 2;

export const PLACE_RESOURCE: i32 = 0;
export const PLACE_SCOPE: i32 = 1;
export const PLACE_ITEM: i32 = 2;
