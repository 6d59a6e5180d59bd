import { Load, type LoadOptions } from './load.ts';

/**
 * A load in a process of its own: `node generator.ts '<LoadOptions as JSON>'`. Prints a LoadReport as a line of JSON each
 * second and at its end; the last line has `"done": true`. SIGTERM ends it after what is under way.
 */
const load = new Load(JSON.parse(process.argv[2] as string) as LoadOptions);
process.on('SIGTERM', () => load.stop());
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
const timer = setInterval(() => process.stdout.write(`${JSON.stringify(load.report())}\n`), 1000);
const report = await load.run();
clearInterval(timer);
process.stdout.write(`${JSON.stringify({ ...report, done: true })}\n`);
