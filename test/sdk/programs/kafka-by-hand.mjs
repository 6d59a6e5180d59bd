import { instrument, instrumentKafka } from '@weir/sdk';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { runKafkaProgram } from './kafka-program.cjs';

// No preload: the module is imported before the SDK starts, so the client is handed over.
instrument({ service: 'by-hand', pipeline: 'tests' });
await runKafkaProgram(
  Kafka,
  { logLevel: logLevel.NOTHING, createPartitioner: Partitioners.DefaultPartitioner },
  instrumentKafka,
);
