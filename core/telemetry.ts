import { type Logger as PinoLogger, pino } from 'pino';
import { Registry } from 'prom-client';

export type Logger = PinoLogger;

/**
 * What every part is given to speak about itself: a structured logger (JSON on stderr; `event` names what happened,
 * `room_subject_event`) and the registry behind `/metrics`.
 */
export interface Telemetry {
  readonly log: Logger;
  readonly registry: Registry;
}

export function createTelemetry(role: string, level = 'info'): Telemetry {
  const log = pino(
    {
      level,
      base: { role },
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return { log, registry: new Registry() };
}

/** For tests: nothing is printed. */
export function silentTelemetry(): Telemetry {
  return { log: pino({ level: 'silent' }), registry: new Registry() };
}
