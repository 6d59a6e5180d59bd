import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import type { NotificationReason, NotifiedAlert } from './notification.ts';

/** What was last delivered for one group to one integration. */
export interface LogEntry {
  readonly groupKey: string;
  /** `receiver/integration/index`. */
  readonly integration: string;
  readonly receiver: string;
  readonly groupLabels: Labels;
  readonly time: Millis;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** The alerts as told, so that a resolve can be sent even when nothing else remembers them. */
  readonly alerts: readonly NotifiedAlert[];
  /** What the notifier needs to follow up, such as the place of a message. */
  readonly reference: string;
}

/**
 * Whether and why a group is told to an integration, from what was told last:
 * no entry and something firing, "first notification" (likewise when the last word was that all is resolved);
 * a firing alert not told before, "new alerts added"; nothing firing any more, "all alerts resolved";
 * newly resolved ones and `sendResolved`, "some alerts resolved"; else "repeat interval elapsed" once
 * `repeatInterval` has passed. An acknowledged incident (`quiet`) is not repeated.
 */
export function decideNotification(
  entry: LogEntry | undefined,
  group: { readonly firing: readonly string[]; readonly resolved: readonly string[] },
  options: {
    readonly sendResolved: boolean;
    readonly repeatInterval: Millis;
    readonly quiet: boolean;
    readonly now: Millis;
  },
): NotificationReason | undefined {
  if (entry === undefined) return group.firing.length > 0 ? 'first notification' : undefined;
  const told = new Set(entry.firing);
  if (group.firing.some((one) => !told.has(one))) return told.size > 0 ? 'new alerts added' : 'first notification';
  if (group.firing.length === 0) return told.size > 0 ? 'all alerts resolved' : undefined;
  if (options.sendResolved && group.resolved.some((one) => told.has(one))) return 'some alerts resolved';
  if (!options.quiet && entry.time <= options.now - options.repeatInterval) return 'repeat interval elapsed';
  return undefined;
}

export interface LogStore {
  saveLogEntry(entry: LogEntry): void;
  deleteLogEntry(entry: LogEntry): void;
}

/** What every integration was last told about every group; written through to the store. */
export class NotificationLog {
  readonly #store: LogStore;
  readonly #entries = new Map<string, LogEntry>();

  constructor(store: LogStore, known: readonly LogEntry[] = []) {
    this.#store = store;
    for (const entry of known) this.#entries.set(logKey(entry.groupKey, entry.integration), entry);
  }

  find(groupKey: string, integration: string): LogEntry | undefined {
    return this.#entries.get(logKey(groupKey, integration));
  }

  entries(): LogEntry[] {
    return [...this.#entries.values()];
  }

  put(entry: LogEntry): void {
    this.#store.saveLogEntry(entry);
    this.#entries.set(logKey(entry.groupKey, entry.integration), entry);
  }

  /** Forgets groups that were told all is resolved before `before`. */
  prune(before: Millis): void {
    for (const [key, entry] of this.#entries) {
      if (entry.firing.length > 0 || entry.time >= before) continue;
      this.#entries.delete(key);
      this.#store.deleteLogEntry(entry);
    }
  }
}

export function logKey(groupKey: string, integration: string): string {
  return `${groupKey}\u0000${integration}`;
}
