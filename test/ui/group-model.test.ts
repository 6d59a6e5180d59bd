import { describe, expect, test } from 'vitest';
import type { GroupHistoryView } from '../../core/group-view.ts';
import { boundText, groupModel, stateSpans } from '../../ui/charts/group-model.ts';
import { chartOption, gridBoxes } from '../../ui/charts/options.ts';
import { PALETTES } from '../../ui/charts/palette.ts';
import { plain } from './views.ts';

function history(given: Partial<GroupHistoryView> = {}): GroupHistoryView {
  return {
    ...{ start: 1_000_000, step: 10_000, count: 4, states: ['healthy', 'healthy', 'dead', null] },
    ...{ lagSeconds: [0, 1, 300, null], lagError: [0, 0.1, 4, null], lag: [0, 10, 900, null] },
    ...{ endRate: [5, 5, 5, null], commitRate: [5, 5, 0, null], retention: 7200 },
    ...given,
  };
}

describe('curves of a group', () => {
  test('are lag in time on its scale, records, and pace, on one axis', () => {
    const model = groupModel(history(), 1_040_000);
    expect(model.panels.map(({ id, scale }) => [id, scale])).toEqual([
      ['lag', 'lag'],
      ['records', 'count'],
      ['rates', 'linear'],
    ]);
    expect([model.from, model.to]).toEqual([1_000_000, 1_040_000]);
    expect(model.panels[2]?.lines.map(({ name, role }) => [name, role])).toEqual([
      ['committed', 'observed'],
      ['written', 'context'],
    ]);
  });

  test('leave out what nothing is known of', () => {
    const none = [null, null, null, null];
    const model = groupModel(history({ lagSeconds: none, endRate: none, commitRate: none }), 0);
    expect(model.panels.map(({ id }) => id)).toEqual(['records']);
  });

  test('show retention once the lag comes near it, as a line the scale holds', () => {
    const near = groupModel(history(), 0).panels[0];
    expect(plain(near?.limits?.[0]?.label ?? '')).toBe('Retention 2 h: records expire');
    expect(groupModel(history({ lagSeconds: [1, 2, 3, 4] }), 0).panels[0]?.limits).toEqual([]);
    expect(groupModel(history({ retention: null }), 0).panels[0]?.limits).toEqual([]);
    const model = groupModel(history(), 0);
    const option = chartOption(model, gridBoxes(model, 800, 500, false), PALETTES.dark, false);
    const marks = (option['series'] as { id: string; markLine?: { data: { yAxis?: number }[] } }[]).find(
      ({ id }) => id === 'lag:marks',
    );
    expect(marks?.markLine?.data[0]?.yAxis).toBeCloseTo(Math.cbrt(7200));
    const [axis] = option['yAxis'] as { max: number }[];
    expect(axis?.max).toBeGreaterThanOrEqual(Math.cbrt(7200));
  });

  test('carry the bound of a lag in time beside its number', () => {
    const view = history();
    const model = groupModel(view, 0);
    const [lag, records] = model.panels;
    expect(lag && plain(boundText(view, lag, 2))).toBe('± 4 s');
    expect(lag && boundText(view, lag, 0)).toBe('');
    expect(lag && boundText(view, lag, 3)).toBe('');
    expect(records && boundText(view, records, 2)).toBe('');
  });
});

describe('states over time', () => {
  test('equal neighbours are one stretch, gaps are stretches of their own', () => {
    expect(stateSpans(['healthy', 'healthy', 'dead', null, null, 'dead'])).toEqual([
      { state: 'healthy', from: 0, to: 2 },
      { state: 'dead', from: 2, to: 3 },
      { state: null, from: 3, to: 5 },
      { state: 'dead', from: 5, to: 6 },
    ]);
    expect(stateSpans([])).toEqual([]);
  });
});
