import { z } from 'zod';
import { type Dashboard, LINE_ROLES, PANEL_FRONTS, PANEL_SCALES } from '../core/dashboard.ts';
import { WeirError } from '../core/errors.ts';
import { SIGNAL_FACTS, SIGNALS } from '../core/signal.ts';

const id = z.string().regex(/^[a-z][a-z0-9_-]*$/, 'an id is lower case letters, digits, "-" and "_"');

const panelSignal = z.strictObject({
  signal: z.enum(SIGNALS),
  role: z.enum(LINE_ROLES).default('observed'),
  name: z.string().min(1),
  label: z.string().default(''),
  alone: z.string().default(''),
});

const panel = z.strictObject({
  id,
  title: z.string().min(1),
  subtitle: z.string().default(''),
  signals: z.array(panelSignal).min(1),
  front: z.enum(PANEL_FRONTS).default('role'),
  scale: z.enum(PANEL_SCALES),
  unit: z.string(),
  band: z.array(z.enum(SIGNALS)).default([]),
  weight: z.number().positive().default(1),
  unless: z.string().default(''),
  repeat: z.string().default(''),
});

/** The shape by zod; what panels and signals owe one another in `checkPanels`. */
const dashboard = z
  .strictObject({ id, title: z.string().min(1), panels: z.array(panel).min(1) })
  .superRefine(({ panels }, context) => {
    for (const { path, message } of checkPanels(panels)) context.addIssue({ code: 'custom', path, message });
  });

/** A definition as it is written: what has a default may be left out. */
export type DashboardInput = z.input<typeof dashboard>;

interface Mistake {
  readonly path: (string | number)[];
  readonly message: string;
}

function checkPanels(panels: z.infer<typeof dashboard>['panels']): Mistake[] {
  return panels.flatMap((one, i) => {
    const mistakes: Mistake[] = [];
    const wrong = (message: string, ...path: (string | number)[]) =>
      mistakes.push({ path: ['panels', i, ...path], message });
    const before = panels.slice(0, i).map((other) => other.id);
    if (before.includes(one.id)) wrong(`another panel is "${one.id}" already`, 'id');
    if (one.unless !== '' && !before.includes(one.unless)) wrong(`no panel before it is "${one.unless}"`, 'unless');
    const signals = one.signals.map(({ signal }) => signal);
    for (const [k, signal] of signals.entries()) {
      const { unit } = SIGNAL_FACTS[signal];
      if (unit !== one.unit) wrong(`${signal} is in "${unit}", the panel in "${one.unit}"`, 'signals', k, 'signal');
      if (signals.indexOf(signal) !== k) wrong(`${signal} is drawn twice`, 'signals', k, 'signal');
    }
    for (const [k, signal] of one.band.entries())
      if (!signals.includes(signal)) wrong(`the band of ${signal} has no line`, 'band', k);
    if (one.front !== 'role' && signals.length > 1)
      wrong(`"${one.front}" chooses among the series of one signal`, 'front');
    if (one.repeat !== '' && signals.length > 1) wrong('only a panel of one signal can be repeated', 'repeat');
    return mistakes;
  });
}

/**
 * A dashboard, checked. Throws `dashboards_definition_invalid` with a line for each mistake: its path and what is wrong.
 */
export function defineDashboard(input: DashboardInput): Dashboard {
  const result = dashboard.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
  throw new WeirError('dashboards_definition_invalid', lines.join('\n'));
}

/** `panels[2].signals[0].role`, as one would write it. */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('');
}
