import { Command } from 'commander';
import { WeirError } from '../core/errors.ts';
import { explanationOf, recomputes } from '../detector/explain.ts';
import { pastEventsText } from '../detector/past-events.ts';
import { openStore } from '../store/client.ts';
import { readAnomaly } from '../store/queries/anomalies.ts';
import { readPastEvents } from '../store/queries/past-events.ts';
import { type ConfigOptions, readConfig, withConfigOptions } from './options.ts';
import { withStore } from './query.ts';

/** `weir explain`. Exits with 1 when the stored inputs do not give the stored score. */
export function explainCommand(): Command {
  return withConfigOptions(new Command('explain'))
    .description('why an alert fired: every number behind it, and its score computed again from them')
    .argument('<id>', "the anomaly's id, as in the alert's annotation anomaly_id")
    .action(async (id: string, options: ConfigOptions) => {
      await withStore(readConfig(options), async (endpoint) => {
        const store = openStore(endpoint);
        try {
          const anomaly = await readAnomaly(store, id);
          if (anomaly === undefined) {
            throw new WeirError('cli_explain_unknown', `there is no anomaly ${id}; an alert has it as anomaly_id`);
          }
          const now = Date.now();
          const events = await readPastEvents(store, anomaly, now);
          process.stdout.write(explanationOf(anomaly) + pastEventsText(events, now));
          if (recomputes(anomaly) === 'differs') process.exitCode = 1;
        } finally {
          await store.close();
        }
      });
    });
}
