import { Checkpoint, hashCheckpoint, type Place } from './checkpoint.ts';
import { hashText } from './pathway-header.ts';

export interface RecorderLimits {
  /** Checkpoints recorded at a time; a record at one more is counted as a problem. */
  readonly checkpoints: number;
  /** Flushes without a record after which a checkpoint's memory is given back. */
  readonly idleFlushes: number;
  /** Origin windows a checkpoint holds before it asks for a flush, and beyond which it counts problems. */
  readonly windows: number;
}

const LIMITS: RecorderLimits = { checkpoints: 1000, idleFlushes: 60, windows: 2000 };
/** Origin windows held beyond the number that asks for a flush. */
const WINDOWS_SLACK = 4;

export type PathwayProblem =
  | 'malformed_header'
  | 'unwritable_header'
  | 'clock_skew'
  | 'too_many_pathways'
  | 'too_many_windows';

/** One place of this service and the checkpoints there, one for each path that leads to it. */
export class Route {
  readonly place: Place;
  readonly #recorder: Recorder;
  readonly #checkpoints = new Map<string, Checkpoint>();
  /** Most records come from where the one before came from. */
  #high = -1;
  #low = -1;
  #last: Checkpoint | undefined;

  constructor(recorder: Recorder, place: Place) {
    this.#recorder = recorder;
    this.place = place;
  }

  /** The checkpoint here of the path that ends with a parent's hash; zero and zero at the origin. */
  after(high: number, low: number): Checkpoint {
    if (high === this.#high && low === this.#low) return this.#last as Checkpoint;
    const parent = high + low === 0 ? '' : hashText(high, low);
    let checkpoint = this.#checkpoints.get(parent);
    if (checkpoint === undefined) {
      const hash = hashCheckpoint(high, low, this.#recorder.service, this.place);
      checkpoint = new Checkpoint(this.place, parent, hash[0], hash[1]);
      // One too many is not kept: what comes after it still gets the right hash, but nothing is recorded here.
      if (!this.#recorder.admit(checkpoint, this)) return checkpoint;
      this.#checkpoints.set(parent, checkpoint);
    }
    this.#high = high;
    this.#low = low;
    this.#last = checkpoint;
    return checkpoint;
  }

  forget(checkpoint: Checkpoint): void {
    this.#checkpoints.delete(checkpoint.parent);
    this.#high = -1;
    this.#low = -1;
    this.#last = undefined;
  }
}

/** The checkpoints of a process: everything pathways leave behind until the next flush. */
export class Recorder {
  /** `service.name`, part of every hash. */
  service: string;
  /** Whether headers are written and records counted. */
  active = false;
  /** Called when a flush before its time would save memory. */
  onPressure: () => void = () => {};
  readonly limits: RecorderLimits;
  readonly #routes = new Map<string, Route>();
  readonly #live = new Map<Checkpoint, Route>();
  readonly #problems = new Map<PathwayProblem, number>();

  constructor(service: string, limits: Partial<RecorderLimits> = {}) {
    this.service = service;
    this.limits = { ...LIMITS, ...limits };
  }

  /** The route of a place. The table of names is a cache: routes live on where they are held. */
  route(place: Place): Route {
    const key = `${place.direction}\0${place.system}\0${place.destination}\0${place.group}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      if (this.#routes.size >= this.limits.checkpoints) this.#routes.clear();
      route = new Route(this, place);
      this.#routes.set(key, route);
    }
    return route;
  }

  admit(checkpoint: Checkpoint, route: Route): boolean {
    if (this.#live.size >= this.limits.checkpoints) return false;
    this.#live.set(checkpoint, route);
    checkpoint.recorded = true;
    return true;
  }

  /**
   * Records that `count` records passed a checkpoint at `now`. `origin` and `hop` are those of the pathway so far, all
   * in unix microseconds. Where clocks disagree, a latency below zero counts as zero and as a problem.
   */
  record(checkpoint: Checkpoint, origin: number, hop: number, now: number, count = 1): void {
    if (!checkpoint.recorded) {
      this.problem('too_many_pathways', count);
      return;
    }
    if (hop > now || origin > now) this.problem('clock_skew', count);
    checkpoint.add(origin, Math.max(now - origin, 0), Math.max(now - hop, 0), count);
    if (checkpoint.windows > this.limits.windows) this.#press(checkpoint);
  }

  /** A replay of old records fills windows faster than flushes empty them. */
  #press(checkpoint: Checkpoint): void {
    this.onPressure();
    if (checkpoint.windows <= this.limits.windows * WINDOWS_SLACK) return;
    for (const count of checkpoint.takeWindows().values()) this.problem('too_many_windows', count);
  }

  problem(reason: PathwayProblem, count = 1): void {
    this.#problems.set(reason, (this.#problems.get(reason) ?? 0) + count);
  }

  takeProblems(): Map<PathwayProblem, number> {
    const problems = new Map(this.#problems);
    this.#problems.clear();
    return problems;
  }

  /** Checkpoints with records since the last time; those idle for long are forgotten. */
  *busy(): Generator<Checkpoint> {
    for (const [checkpoint, route] of this.#live) {
      if (checkpoint.latency.count > 0) {
        checkpoint.idle = 0;
        yield checkpoint;
      } else if (++checkpoint.idle > this.limits.idleFlushes) {
        this.#live.delete(checkpoint);
        checkpoint.recorded = false;
        route.forget(checkpoint);
      }
    }
  }
}
