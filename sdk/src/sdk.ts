export { continuePathway, currentPathway, type Pathway, withMessage } from './continuation.ts';
export { type CallOptions, callDatabase } from './database.ts';
export { type Instrumented, type InstrumentOptions, instrument, instrumentKafka, shutdown } from './instrument.ts';
export { PATHWAY_HEADER } from './pathway-header.ts';
export {
  type BatchOptions,
  type Carrier,
  type ConsumeOptions,
  consume,
  consumeBatch,
  type ProduceOptions,
  produce,
  type Queue,
  queue,
} from './queue.ts';
export {
  type DeadLetter,
  DuplicateDetector,
  deadLetter,
  duplicates,
  type RecordSource,
  type Validation,
  validate,
} from './records.ts';
export { inSpan, recordError } from './span.ts';
export { type StageOptions, stage } from './stage.ts';
export { type Timeliness, type Watermark, type WatermarkOptions, watermark } from './watermark.ts';
