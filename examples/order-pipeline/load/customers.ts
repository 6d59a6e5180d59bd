import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { release } from '../broker/memory.ts';
import type { GatewayAddress } from './process.ts';

const PROGRAM = fileURLToPath(new URL('./process.ts', import.meta.url));

export interface Customers {
  /** Where to place orders from now on; undefined while the gateway is away. */
  visit(gateway: string | undefined): void;
  stop(): Promise<void>;
}

/** Starts the load in a process of its own, so that its clock is not the platform's event loop. */
export function startCustomers(): Customers {
  const child = fork(PROGRAM, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return {
    visit(gateway) {
      const message: GatewayAddress = { gateway };
      if (child.connected) child.send(message);
    },
    stop: () => release(child),
  };
}
