import { z } from 'zod';
import { WeirError } from '../core/errors.ts';
import { INCIDENT_STATES } from '../core/incident.ts';
import type { Engine } from './engine.ts';
import { json, type Request, type Route } from './http.ts';

const person = z.string().trim().min(1).max(200);
const signed = z.strictObject({ by: person });
const note = z.strictObject({ by: person, text: z.string().trim().min(1).max(10_000) });

function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new WeirError('alerting_body_invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

function parseLimit(query: URLSearchParams, fallback: number): number {
  const text = query.get('limit');
  if (text === null) return fallback;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new WeirError('alerting_query_invalid', 'query.limit: must be a whole number from 1 to 10000');
  }
  return limit;
}

/** A list of states separated by commas; absent means all. */
function parseStates(query: URLSearchParams): readonly string[] {
  const states = query.getAll('state').flatMap((text) => text.split(','));
  for (const state of states) {
    if (!(INCIDENT_STATES as readonly string[]).includes(state)) {
      throw new WeirError('alerting_query_invalid', `query.state: "${state}" is none of ${INCIDENT_STATES.join(', ')}`);
    }
  }
  return states.length > 0 ? states : INCIDENT_STATES;
}

/** Incidents and the ledger of notifications. */
export function incidentRoutes(engine: Engine): Route[] {
  const idOf = (request: Request) => request.params['id'] ?? '';
  return [
    {
      method: 'GET',
      path: '/api/incidents',
      handle: ({ query }) => json(200, engine.listIncidents(parseStates(query), parseLimit(query, 100))),
    },
    {
      method: 'GET',
      path: '/api/incidents/:id',
      handle: (request) => {
        const incident = engine.findIncident(idOf(request));
        if (incident === undefined)
          throw new WeirError('alerting_incident_unknown', `incident ${idOf(request)} not found`);
        return json(200, incident);
      },
    },
    {
      method: 'POST',
      path: '/api/incidents/:id/ack',
      handle: (request) => json(200, engine.acknowledge(idOf(request), parseBody(signed, request.body).by)),
    },
    {
      method: 'POST',
      path: '/api/incidents/:id/note',
      handle: (request) => {
        const { by, text } = parseBody(note, request.body);
        return json(200, engine.note(idOf(request), by, text));
      },
    },
    {
      method: 'POST',
      path: '/api/incidents/:id/resolve',
      handle: (request) => json(200, engine.resolve(idOf(request), parseBody(signed, request.body).by)),
    },
    {
      method: 'GET',
      path: '/api/notifications',
      handle: ({ query }) => json(200, engine.deliveriesOf(query.get('incident') ?? undefined, parseLimit(query, 200))),
    },
  ];
}
