#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { backtestCommand } from './cli/backtest.ts';
import { checkCommand } from './cli/check.ts';
import { demoCommand } from './cli/demo.ts';
import { explainCommand } from './cli/explain.ts';
import { modelCommand } from './cli/model.ts';
import { queryCommand } from './cli/query.ts';
import { runCommand } from './cli/run.ts';
import { errorMessage, WeirError } from './core/errors.ts';
import manifest from './package.json' with { type: 'json' };
import { replayCommand } from './replay/command.ts';

/** Exit codes: 0 done, 1 it failed, 2 the command was not understood. */
const program = new Command('weir')
  .description(manifest.description)
  .version(manifest.version)
  .exitOverride()
  .enablePositionalOptions()
  .addCommand(runCommand())
  .addCommand(demoCommand())
  .addCommand(checkCommand())
  .addCommand(replayCommand())
  .addCommand(queryCommand())
  .addCommand(explainCommand())
  .addCommand(modelCommand())
  .addCommand(backtestCommand());
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
  process.exit(process.exitCode ?? 0);
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  const code = error instanceof WeirError ? ` [${error.code}]` : '';
  process.stderr.write(`weir: ${errorMessage(error)}${code}\n`);
  if (process.env['WEIR_DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}
