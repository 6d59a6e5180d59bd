// OpenTelemetry's own set-up with its instrumentation of kafkajs, as its documentation shows it.
import { register } from 'node:module';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
new NodeSDK({ instrumentations: [new KafkaJsInstrumentation()] }).start();
