import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { assertListeners } from './listeners.ts';
import { collect } from './options.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration file: every mistake with its path and the nearest known key')
    .argument('[file]', 'the YAML file; without one the defaults are checked')
    .option('--set <path=value>', 'set one key on top of the file (repeatable)', collect, [])
    .action((file: string | undefined, options: { set: string[] }) => {
      assertListeners(loadConfig({ file, set: options.set }));
      process.stdout.write(`${file ?? 'the default configuration'} is valid\n`);
    });
}
