export { type CallOptions, callDatabase } from './database.ts';
export { type Instrumented, type InstrumentOptions, instrument, instrumentKafka, shutdown } from './instrument.ts';
export {
  type BatchOptions,
  type Carrier,
  type ConsumeOptions,
  consume,
  consumeBatch,
  type ProduceOptions,
  produce,
} from './queue.ts';
export { inSpan, recordError } from './span.ts';
export { type StageOptions, stage } from './stage.ts';
