/** A step of the system's clock larger than this, in milliseconds, is followed. */
const STEP = 20;

let base = performance.timeOrigin * 1000;

/**
 * Unix time in whole microseconds: the monotonic clock on top of the wall time the process started at. `Date.now()` has
 * milliseconds only, of which a hop through a local broker takes two or three.
 */
export function nowMicros(): number {
  return Math.floor(base + performance.now() * 1000);
}

/** Follows a wall clock that was set, or a machine that slept. Called once a flush, not per record. */
export function followWallClock(wall: number = Date.now()): void {
  const drift = wall - nowMicros() / 1000;
  if (Math.abs(drift) > STEP) base += drift * 1000;
}
