import type { ErrorRequestHandler, Response } from 'express';
import { errorMessage, WeirError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { ErrorView } from '../core/view.ts';

/** A request that cannot be answered: `status` for the wire, `path` names the field that is wrong. */
export class RequestError extends WeirError {
  readonly status: number;
  readonly path: string | undefined;

  constructor(status: number, code: string, message: string, path?: string) {
    super(code, message, { retryable: status >= 500 });
    this.name = 'RequestError';
    this.status = status;
    this.path = path;
  }
}

export function invalid(path: string, message: string): RequestError {
  return new RequestError(400, 'api_request_invalid', message, path);
}

export function unknown(code: string, message: string): RequestError {
  return new RequestError(404, code, message);
}

export function sendError(response: Response, error: RequestError): void {
  const body: ErrorView = {
    error: { code: error.code, message: error.message, ...(error.path === undefined ? {} : { path: error.path }) },
  };
  response.status(error.status).json(body);
}

/** The last handler: known errors as they are, everything else is a 503 (retryable) or 500 and is logged. */
export function answerErrors(telemetry: Telemetry): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof RequestError) {
      sendError(response, error);
      return;
    }
    const status = (error as { status?: unknown }).status;
    if (typeof status === 'number' && status >= 400 && status < 500) {
      sendError(response, new RequestError(status, 'api_request_invalid', errorMessage(error), 'body'));
      return;
    }
    telemetry.log.error({ event: 'api_request_failed', path: request.path, err: error }, 'a request failed');
    const retryable = error instanceof WeirError ? error.retryable : true;
    const code = error instanceof WeirError ? error.code : 'api_request_failed';
    sendError(
      response,
      new RequestError(retryable ? 503 : 500, code, `This part could not be read: ${errorMessage(error)}`),
    );
  };
}
