const { Kafka, logLevel, Partitioners } = require('kafkajs');
const { runKafkaProgram } = require('./kafka-program.cjs');

// Preloaded with --require: no line of this program speaks of telemetry.
runKafkaProgram(Kafka, { logLevel: logLevel.NOTHING, createPartitioner: Partitioners.DefaultPartitioner });
