import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSdkBuilt } from '../../sdk/build.ts';
import type { DemoBroker } from './broker/choose.ts';
import { type FaultState, serveControl } from './control/server.ts';
import { DEFAULT_CONTROL_PORT } from './fault.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './faults.ts';
import { type HistoryResult, sendHistory as sendSteps } from './history/send.ts';
import { startCustomers } from './load/customers.ts';
import { type StageProcess, startStage } from './processes.ts';
import { PIPELINE, STAGES, type StageName } from './topics.ts';

export { BROKER_CHOICES, type BrokerChoice, type DemoBroker, prepareBroker } from './broker/choose.ts';
export { FAULT_NAMES, type FaultName } from './faults.ts';
export { STAGES, type StageName } from './topics.ts';

type Log = (line: string) => void;

const LOG_SERVICE = 'order-log';

/** Resource attributes every service of the pipeline carries. */
const RESOURCE = { 'service.namespace': PIPELINE, 'service.version': '1.0.0' } as const;

/** Sends the generated past of the pipeline, `hours` long and ending now, through OTLP. */
export function sendHistory(options: {
  readonly otlpUrl: string;
  readonly hours: number;
  readonly broker: Pick<DemoBroker, 'system'>;
  readonly onProgress?: (done: number) => void;
}): Promise<HistoryResult> {
  const { broker, ...rest } = options;
  return sendSteps({ ...rest, system: broker.system, resource: RESOURCE });
}

/**
 * Continues a history to this moment. Starting the stages takes seconds in which nothing flows; without this the
 * pipeline would seem to have stopped just before its live data begins.
 */
export function continueHistory(
  history: HistoryResult,
  options: { readonly otlpUrl: string; readonly broker: Pick<DemoBroker, 'system'> },
): Promise<HistoryResult> {
  const { otlpUrl, broker } = options;
  return sendSteps({ otlpUrl, hours: 0, from: history.until, system: broker.system, resource: RESOURCE });
}

export interface RunningStages {
  readonly controlUrl: string;
  faults(): Readonly<Record<FaultName, FaultState>>;
  setFault(name: FaultName, on: boolean): void;
  /** Process of a stage, for tests that kill it. */
  pid(stage: StageName): number | undefined;
  stop(): Promise<void>;
}

function stageEnv(options: {
  readonly stage: StageName;
  readonly otlpUrl: string;
  readonly broker: DemoBroker;
  readonly controlUrl: string;
  readonly warehouse: string;
  readonly env: NodeJS.ProcessEnv;
}): NodeJS.ProcessEnv {
  const resource = { ...RESOURCE, 'weir.console.url': options.controlUrl };
  const { KAFKA_BROKERS: _, ...inherited } = options.env;
  return {
    ...inherited,
    ...options.broker.env,
    OTEL_SERVICE_NAME: options.stage,
    OTEL_RESOURCE_ATTRIBUTES: Object.entries(resource)
      .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
      .join(','),
    OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpUrl,
    WAREHOUSE_FILE: options.warehouse,
  };
}

/**
 * Starts the fault switch, the four stages (a process each) and the load. Resolves when all stages work. The control
 * page falls back to a free port when the wanted one is taken.
 */
export async function startStages(options: {
  readonly otlpUrl: string;
  readonly broker: DemoBroker;
  readonly controlPort?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: Log;
}): Promise<RunningStages> {
  const { otlpUrl, broker, log = () => {}, env = process.env } = options;
  ensureSdkBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'weir-demo-'));
  const now = Date.now();
  const states = Object.fromEntries(FAULT_NAMES.map((name) => [name, { on: false, since: now }])) as Record<
    FaultName,
    FaultState
  >;
  const stages = new Map<StageName, StageProcess>();
  const setFault = (name: FaultName, on: boolean) => {
    if (states[name].on === on) return;
    states[name] = { on, since: Date.now() };
    stages.get(FAULTS[name].stage)?.setFault(name, on);
    log(`fault ${name} is ${on ? 'on' : 'off'}`);
  };
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));

  const controlOptions = { broker: broker.reason, states: () => states, setFault };
  const wanted = options.controlPort ?? DEFAULT_CONTROL_PORT;
  const control = await serveControl({ ...controlOptions, port: wanted }).catch(async (error: Error) => {
    if (wanted === 0) throw error;
    log(`port ${wanted} is taken (${error.message}); the fault switch takes another`);
    return await serveControl({ ...controlOptions, port: 0 });
  });
  cleanup.defer(() => control.close());

  broker.reportLag?.(otlpUrl, { ...RESOURCE, 'service.name': LOG_SERVICE, 'weir.console.url': control.url });
  cleanup.defer(async () => {
    await Promise.all([...stages.values()].map((stage) => stage.stop()));
  });
  const warehouse = join(folder, 'warehouse.db');
  const customers = startCustomers();
  cleanup.defer(() => customers.stop());
  const onPort = (port: number | undefined) =>
    customers.visit(port === undefined ? undefined : `http://127.0.0.1:${port}`);
  for (const name of STAGES) {
    const variables = stageEnv({ stage: name, otlpUrl, broker, controlUrl: control.url, warehouse, env });
    stages.set(name, startStage({ name, env: variables, log, ...(name === 'gateway' ? { onPort } : {}) }));
  }
  await Promise.all([...stages.values()].map((stage) => stage.ready));
  const running = cleanup.move();
  return {
    controlUrl: control.url,
    faults: () => ({ ...states }),
    setFault,
    pid: (stage) => stages.get(stage)?.pid(),
    stop: () => running.disposeAsync(),
  };
}
