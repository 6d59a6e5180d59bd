import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signalsOf } from '../../core/dashboard.ts';
import { SIGNALS } from '../../core/signal.ts';
import { DASHBOARDS, findDashboard } from '../../dashboards/catalogue.ts';
import { defineDashboard } from '../../dashboards/define.ts';

describe('the catalogue', () => {
  test('has every file of the room, each id once', () => {
    const files = readdirSync(join(import.meta.dirname, '../../dashboards'))
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((file) => file !== 'define' && file !== 'catalogue');
    expect(DASHBOARDS.map(({ id }) => id).sort()).toEqual(files.sort());
  });

  test('finds a dashboard by its id, and nothing else', () => {
    for (const dashboard of DASHBOARDS) expect(findDashboard(dashboard.id)).toBe(dashboard);
    expect(findDashboard('nobody')).toBeUndefined();
    expect(findDashboard('constructor')).toBeUndefined();
  });
});

describe.each(DASHBOARDS.map((dashboard) => [dashboard.id, dashboard] as const))('%s', (_id, dashboard) => {
  test('has panels of different ids and signals that are measured', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const signal of signalsOf(dashboard)) expect(SIGNALS).toContain(signal);
  });

  test('is data: it survives JSON and its own check', () => {
    expect(defineDashboard(JSON.parse(JSON.stringify(dashboard)))).toEqual(dashboard);
  });
});

test('the stage shows every signal that is a curve: a state has its strip, relations are of several', () => {
  const stage = findDashboard('stage');
  const curves = SIGNALS.filter((signal) => signal !== 'group_state' && signal !== 'relations');
  expect(stage && [...signalsOf(stage)].sort()).toEqual(curves.sort());
});
