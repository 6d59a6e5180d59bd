/** The fault switch from the command line: `node examples/order-pipeline/fault.ts slow-consumer on|off`, or `list`. */
import { parseArgs } from 'node:util';
import { FAULT_NAMES, isFaultName } from './faults.ts';

export const DEFAULT_CONTROL_PORT = 8090;

export interface SwitchedFault {
  readonly name: string;
  readonly title: string;
  readonly stage: string;
  readonly description: string;
  readonly on: boolean;
}

async function call(url: string, init?: RequestInit): Promise<readonly SwitchedFault[]> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new Error(`the demo does not answer at ${new URL(url).origin}: start it, or name its port with --port`);
  }
  const body = (await response.json()) as { faults?: readonly SwitchedFault[]; error?: string };
  if (!response.ok || body.faults === undefined) throw new Error(body.error ?? `HTTP ${response.status}`);
  return body.faults;
}

export function listFaults(port = DEFAULT_CONTROL_PORT): Promise<readonly SwitchedFault[]> {
  return call(`http://127.0.0.1:${port}/faults`);
}

/** Switches a fault of a running demo. Throws with a sentence when there is no such fault or no demo. */
export async function switchFault(name: string, on: boolean, port = DEFAULT_CONTROL_PORT): Promise<SwitchedFault> {
  if (!isFaultName(name)) throw new Error(`there is no fault "${name}": choose ${FAULT_NAMES.join(', ')}`);
  const faults = await call(`http://127.0.0.1:${port}/faults/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ on }),
  });
  return faults.find((fault) => fault.name === name) as SwitchedFault;
}

/** One line per fault, its state first. */
export function formatFaults(faults: readonly SwitchedFault[]): string {
  return faults
    .map(({ name, on, description }) => `${on ? 'on ' : 'off'}  ${name.padEnd(16)} ${description}`)
    .join('\n');
}

const USAGE = `usage: node examples/order-pipeline/fault.ts NAME on|off [--port N]
       node examples/order-pipeline/fault.ts list [--port N]
faults: ${FAULT_NAMES.join(', ')}`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const port = Number(values.port ?? DEFAULT_CONTROL_PORT);
  const [name, state] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (name === 'list') {
    console.log(formatFaults(await listFaults(port)));
    return 0;
  }
  if (name === undefined || (state !== 'on' && state !== 'off')) {
    console.error(USAGE);
    return 2;
  }
  console.log(formatFaults([await switchFault(name, state === 'on', port)]));
  return 0;
}

if (import.meta.main) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
