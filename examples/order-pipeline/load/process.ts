/** The customers: a process that places orders at the gateway whose address its parent tells, until the parent ends. */
import { startLoad } from './generator.ts';

export interface GatewayAddress {
  readonly gateway: string | undefined;
}

let gateway: string | undefined;
const load = startLoad({ url: () => gateway });

process.on('message', (message: GatewayAddress) => {
  gateway = message.gateway;
});
process.on('SIGINT', () => {});
process.once('disconnect', () => load.stop());
