import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';

// A program that has set up OpenTelemetry itself, before ours comes.
const own = new NodeSDK({
  resource: resourceFromAttributes({ 'service.name': 'hosts-own' }),
  autoDetectResources: false,
  traceExporter: new OTLPTraceExporter(),
  metricReaders: [],
  instrumentations: [],
});
own.start();

const { consume, instrument, produce, shutdown } = await import('@weir/sdk');
instrument({ service: 'not-this-one' });
const headers = {};
const queue = { system: 'rabbitmq', destination: 'orders' };
produce({ ...queue, headers }, () => {});
await consume({ ...queue, group: 'g', headers }, async () => {});
await own.shutdown();
await shutdown();
console.log(JSON.stringify(Object.keys(headers).sort()));
