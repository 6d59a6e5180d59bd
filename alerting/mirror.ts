import { errorMessage } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { AlertEvent } from '../store/queries/incidents.ts';
import type { AlertingDatabase, Delivery } from './database.ts';
import { backoff } from './notify.ts';

/** Where history goes for dashboards and search. Any call may fail; it is repeated. */
export interface HistoryPort {
  writeIncidents(incidents: readonly Incident[]): Promise<void>;
  writeNotifications(deliveries: readonly Delivery[]): Promise<void>;
  writeAlertHistory(entries: readonly AlertEvent[]): Promise<void>;
}

const BATCH = 500;
const MOST_WAITING = 100_000;

/**
 * Copies incidents, deliveries and alert changes to the store, in order, through an outbox in the room's own database:
 * alerting never waits for the store and loses nothing while it is down. Rows can arrive twice (an answer lost after the
 * write); incidents replace themselves by id.
 */
export class Mirror {
  readonly #database: AlertingDatabase;
  readonly #port: HistoryPort | undefined;
  readonly #telemetry: Telemetry;
  readonly #now: () => Millis;
  #running: Promise<void> | undefined;
  #failures = 0;
  #nextAt = 0;
  /** Rows let go because the outbox was full. */
  dropped = 0;

  constructor(database: AlertingDatabase, port: HistoryPort | undefined, telemetry: Telemetry, now: () => Millis) {
    this.#database = database;
    this.#port = port;
    this.#telemetry = telemetry;
    this.#now = now;
  }

  incident(incident: Incident): void {
    this.#push('incident', incident);
  }
  delivery(delivery: Delivery): void {
    this.#push('delivery', delivery);
  }
  history(entry: AlertEvent): void {
    this.#push('history', entry);
  }

  #push(kind: string, body: unknown): void {
    if (this.#port !== undefined) this.#database.pushOutbox(kind, body);
  }

  /** Starts a round if one is due. */
  run(): void {
    if (this.#port === undefined || this.#running !== undefined || this.#nextAt > this.#now()) return;
    const rows = this.#database.peekOutbox(BATCH);
    if (rows.length === 0) return;
    this.#running = this.#send(this.#port, rows).finally(() => {
      this.#running = undefined;
    });
  }

  async #send(port: HistoryPort, rows: ReturnType<AlertingDatabase['peekOutbox']>): Promise<void> {
    const of = <T>(kind: string): T[] =>
      rows.filter((row) => row.kind === kind).map((row) => JSON.parse(row.body) as T);
    // Only the newest state of an incident in the batch is worth a row.
    const incidents = new Map(of<Incident>('incident').map((incident) => [incident.id, incident]));
    const [deliveries, history] = [of<Delivery>('delivery'), of<AlertEvent>('history')];
    const last = rows.at(-1)?.id ?? 0;
    try {
      if (incidents.size > 0) await port.writeIncidents([...incidents.values()]);
      if (deliveries.length > 0) await port.writeNotifications(deliveries);
      if (history.length > 0) await port.writeAlertHistory(history);
      this.#database.dropOutbox(last);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#nextAt = this.#now() + backoff(this.#failures, 0.5);
      const fields = { event: 'alerting_mirror_failed', failures: this.#failures, error: errorMessage(error) };
      this.#telemetry.log.warn(fields, 'history could not be copied to the store; it is kept and tried again');
      const waiting = this.#database.outboxSize();
      if (waiting > MOST_WAITING) this.dropped += this.#database.dropOutbox(last);
    }
  }

  async settled(): Promise<void> {
    await this.#running;
  }
}
