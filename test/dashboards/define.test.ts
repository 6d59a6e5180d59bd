import { describe, expect, test } from 'vitest';
import { signalsOf } from '../../core/dashboard.ts';
import { WeirError } from '../../core/errors.ts';
import { type DashboardInput, defineDashboard } from '../../dashboards/define.ts';

type PanelInput = DashboardInput['panels'][number];

function panel(given: Partial<PanelInput> = {}): PanelInput {
  return {
    id: 'lag',
    title: 'Lag',
    signals: [{ signal: 'lag_seconds', name: 'lag' }],
    scale: 'lag',
    unit: 's',
    ...given,
  };
}

function mistakesOf(given: unknown): string[] {
  try {
    defineDashboard(given as DashboardInput);
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: 'dashboards_definition_invalid', retryable: false });
    return (error as WeirError).message.split('\n');
  }
  return [];
}

const page = (...panels: unknown[]) => ({ id: 'page', title: 'Page', panels });

describe('a definition', () => {
  test('needs only what has no default', () => {
    expect(defineDashboard({ id: 'page', title: 'Page', panels: [panel()] }).panels[0]).toEqual({
      id: 'lag',
      title: 'Lag',
      subtitle: '',
      signals: [{ signal: 'lag_seconds', role: 'observed', name: 'lag', label: '', alone: '' }],
      front: 'role',
      scale: 'lag',
      unit: 's',
      band: [],
      weight: 1,
      unless: '',
      repeat: '',
    });
  });

  test('may name a panel before it as the one that takes its place', () => {
    const records = panel({
      id: 'records',
      signals: [{ signal: 'lag', name: 'lag' }],
      unit: '{record}',
      scale: 'count',
      unless: 'lag',
    });
    expect(mistakesOf(page(panel(), records))).toEqual([]);
  });

  test('says its signals once, in the order of its panels', () => {
    const latency = panel({
      id: 'latency',
      signals: [
        { signal: 'latency_p99', name: 'p99', role: 'p99' },
        { signal: 'lag_seconds', name: 'lag', role: 'context' },
      ],
    });
    const made = defineDashboard({ id: 'page', title: 'Page', panels: [panel(), latency] });
    expect(signalsOf(made)).toEqual(['lag_seconds', 'latency_p99']);
  });
});

describe('a mistake is told with its path:', () => {
  test.each<[string, unknown, RegExp]>([
    ['an id that is no word', { ...page(panel()), id: 'My page' }, /^id: an id is lower case/],
    ['no title', { ...page(panel()), title: '' }, /^title: /],
    ['no panels', page(), /^panels: /],
    ['a key nobody reads', page({ ...panel(), colour: 'red' }), /^panels\[0\]: .*colour/],
    ['two panels of one id', page(panel(), panel()), /^panels\[1\]\.id: another panel is "lag" already$/],
    ['no signals', page(panel({ signals: [] })), /^panels\[0\]\.signals: /],
    [
      'a signal nobody measures',
      page({ ...panel(), signals: [{ signal: 'vibes', name: 'v' }] }),
      /^panels\[0\]\.signals\[0\]\.signal: /,
    ],
    [
      'a role nobody draws',
      page({ ...panel(), signals: [{ signal: 'lag_seconds', name: 'lag', role: 'hero' }] }),
      /^panels\[0\]\.signals\[0\]\.role: /,
    ],
    ['a scale nobody draws', page({ ...panel(), scale: 'cubic' }), /^panels\[0\]\.scale: /],
    [
      'the unit of another signal',
      page(panel({ unit: '1/s' })),
      /^panels\[0\]\.signals\[0\]\.signal: lag_seconds is in "s", the panel in "1\/s"$/,
    ],
    [
      'a signal twice',
      page(
        panel({
          signals: [
            { signal: 'lag_seconds', name: 'a' },
            { signal: 'lag_seconds', name: 'b' },
          ],
        }),
      ),
      /^panels\[0\]\.signals\[1\]\.signal: lag_seconds is drawn twice$/,
    ],
    [
      'a band without its line',
      page(panel({ band: ['lag_seconds', 'freshness'] })),
      /^panels\[0\]\.band\[1\]: the band of freshness has no line$/,
    ],
    ['no height', page(panel({ weight: 0 })), /^panels\[0\]\.weight: /],
    ['a substitute that is not there', page(panel({ unless: 'lag' })), /^panels\[0\]\.unless: no panel before it/],
    [
      'a substitute that comes later',
      page(panel({ unless: 'late' }), panel({ id: 'late' })),
      /^panels\[0\]\.unless: no panel before it is "late"$/,
    ],
    [
      'one front for two signals',
      page(
        panel({
          front: 'strangest',
          signals: [
            { signal: 'lag_seconds', name: 'a' },
            { signal: 'freshness', name: 'b' },
          ],
        }),
      ),
      /^panels\[0\]\.front: "strangest" chooses among the series of one signal$/,
    ],
    [
      'two signals to repeat',
      page(
        panel({
          repeat: 'topic',
          signals: [
            { signal: 'lag_seconds', name: 'a' },
            { signal: 'freshness', name: 'b' },
          ],
        }),
      ),
      /^panels\[0\]\.repeat: /,
    ],
  ])('%s', (_name, given, mistake) => {
    const mistakes = mistakesOf(given);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(mistake);
  });

  test('all mistakes of one pass at once', () => {
    expect(mistakesOf(page(panel({ unit: '1' }), panel({ unless: 'none' })))).toHaveLength(3);
  });
});
