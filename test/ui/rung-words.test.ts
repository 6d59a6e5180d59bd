import { expect, test } from 'vitest';
import { RUNGS } from '../../core/rung.ts';
import { knownText, learningText, rungsText } from '../../ui/rung-words.ts';

test('every rung has words, and nothing else has', () => {
  expect(RUNGS.map(knownText)).toEqual([
    'its first points',
    'the forecasts of the network',
    'its level',
    'its time of day',
    'its days and weekends',
  ]);
  expect(['undefined', 'constructor', ''].map(knownText)).toEqual([undefined, undefined, undefined]);
});

test('what the series of a detector know: one word where they are alike, else those that know the least in front', () => {
  expect(rungsText({ season: 3 })).toBe('time of day');
  expect(rungsText({ baseline: 12, full: 1, learning: 2, zero_shot: 0 })).toBe(
    'first points 2, level 12, days and weekends 1',
  );
  expect(rungsText({})).toBe('');
});

test('detectors with series that have no baseline yet', () => {
  const records = [
    { detector: 'LatencyHigh', rungs: { learning: 1, zero_shot: 1, baseline: 2 } },
    { detector: 'DependencySlow', rungs: { learning: 3 } },
    { detector: 'LagGrowing', rungs: { season: 3 } },
    { detector: 'SloBurnFast', rungs: {} },
  ];
  expect(learningText(records)).toBe('LatencyHigh 2 of 4, DependencySlow');
  expect(learningText(records.slice(2))).toBe('');
});
