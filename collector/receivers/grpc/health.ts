import protobuf from 'protobufjs';
import { malformed } from '../../otlp/decode.ts';

export const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

const SERVING = 1;
const NOT_SERVING = 2;

const { root } = protobuf.parse(`syntax = "proto3";
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { int32 status = 1; }`);
const request = root.lookupType('HealthCheckRequest');
const response = root.lookupType('HealthCheckResponse');

/** The service asked for; '' stands for the whole server. Throws `collector_request_malformed`. */
export function parseHealthRequest(bytes: Uint8Array): string {
  try {
    return String(request.toObject(request.decode(bytes))['service'] ?? '');
  } catch {
    throw malformed('the bytes are no HealthCheckRequest', '');
  }
}

export function encodeHealth(ready: boolean): Buffer {
  return Buffer.from(response.encode({ status: ready ? SERVING : NOT_SERVING }).finish());
}
