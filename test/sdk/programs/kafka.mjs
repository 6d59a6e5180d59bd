import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { runKafkaProgram } from './kafka-program.cjs';

// Preloaded with --import: no line of this program speaks of telemetry.
await runKafkaProgram(Kafka, { logLevel: logLevel.NOTHING, createPartitioner: Partitioners.DefaultPartitioner });
