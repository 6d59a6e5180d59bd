import { type ChannelListener, subscribe } from 'node:diagnostics_channel';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { diag } from '@opentelemetry/api';
import { pathways } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';
import { shared } from './state.ts';

const state = shared('http', () => ({ patched: false }));

/** What a listener of a channel throws would end the process. */
function listen(channel: string, listener: (message: unknown) => void): void {
  const guarded: ChannelListener = (message) => {
    try {
      listener(message);
    } catch (error) {
      diag.error(`@weir/sdk: ${channel} could not be followed`, error);
    }
  };
  subscribe(channel, guarded);
}

/** Calls out of a handler carry its pathway on. Both channels speak before the headers are written. */
function passOnCalls(): void {
  listen('http.client.request.created', (message) => {
    const header = pathways.passOn();
    const { request } = message as { request: ClientRequest };
    if (header !== undefined && !request.headersSent && !request.hasHeader(PATHWAY_HEADER)) {
      request.setHeader(PATHWAY_HEADER, header);
    }
  });
  listen('undici:request:create', (message) => {
    const header = pathways.passOn();
    const { request } = message as { request: { addHeader(name: string, value: string): void } };
    if (header !== undefined) request.addHeader(PATHWAY_HEADER, header);
  });
}

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean;

/** Handlers of a server run in the pathway of whoever called. */
function continueCalls(prototype: { emit: Emit }): void {
  const { emit } = prototype;
  prototype.emit = function emitInPathway(event, ...args) {
    if (event !== 'request' || !pathways.active) return emit.call(this, event, ...args);
    const position = pathways.passedOn((args[0] as IncomingMessage | undefined)?.headers?.[PATHWAY_HEADER]);
    const handling = position === undefined ? undefined : position;
    return pathways.handling.run(handling, () => emit.call(this, event, ...args));
  };
}

/**
 * Passes pathways on through `node:http`, `node:https` and `fetch`, in both directions. A call is no checkpoint: the
 * header goes through as it is. Safe to call twice.
 */
export function passThroughHttp(): void {
  if (state.patched) return;
  state.patched = true;
  passOnCalls();
  continueCalls(http.Server.prototype as unknown as { emit: Emit });
  continueCalls(https.Server.prototype as unknown as { emit: Emit });
}
