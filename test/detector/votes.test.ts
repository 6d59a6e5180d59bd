import { expect, test } from 'vitest';
import { createEngine } from '../../detector/engine/engine.ts';
import {
  decisionInputs,
  meanOdds,
  ruleVoteOf,
  scoreAgain,
  scoreInputsOf,
  strikingRule,
  votesOf,
} from '../../detector/votes.ts';
import { gauss, seeded } from './world.ts';

/** The numbers behind a jump in a series of noise. */
function jump() {
  const engine = createEngine(1);
  const random = seeded(2);
  for (let i = 0; i < 500; i++) engine.judge(0, i * 10_000, 100 + gauss(random));
  const { score } = engine.score(0, 5_000_000, 120);
  return { inputs: engine.inputs(), score };
}

const passed = { ready: true, score: 0.5, expected: NaN, lower: NaN, upper: 3, inputs: { value: 4.5, limit: 3 } };

test('a vote has the stream, its deviation, its chance and the tail that judged it', () => {
  const { inputs } = jump();
  const votes = votesOf(inputs);
  expect(votes.map(({ scorer }) => scorer)).toEqual(inputs.streams.map(({ stream }) => stream));
  const profile = votes.find(({ scorer }) => scorer === 'profile');
  expect(profile?.p).toBeCloseTo(1e-5, 10);
  expect((profile?.expected ?? 0) + (profile?.score ?? 0)).toBeCloseTo(120, 6);
  expect(Object.keys(profile?.inputs ?? {}).sort()).toEqual(['body', 'odds', 'sigma', 'size', 'u', 'xi']);
  expect(votes.find(({ scorer }) => scorer === 'shift')?.expected).toBeNaN();
});

test('the score follows from votes and decision exactly, rules beside them or not', () => {
  const { inputs, score } = jump();
  const rule = ruleVoteOf('threshold', passed);
  const stored = { votes: [rule, ...votesOf(inputs)], decision: decisionInputs(inputs) };
  expect(scoreAgain(stored)).toBe(score);
  expect(scoreInputsOf(stored)?.streams).toHaveLength(inputs.streams.length);
  expect(scoreAgain({ votes: [rule], decision: { breach: 'rule' } })).toBeNaN();
});

test('a rule that is passed strikes and weighs nothing', () => {
  const rule = ruleVoteOf('threshold', passed);
  expect(strikingRule([rule])).toBe(rule);
  expect(strikingRule([ruleVoteOf('threshold', { ...passed, score: 0 })])).toBeUndefined();
  expect(strikingRule([ruleVoteOf('threshold', { ...passed, ready: false })])).toBeUndefined();
  expect(meanOdds([rule])).toBeNaN();
});

test('together they are as rare as their quadratic mean', () => {
  const vote = (weight: number, odds: number) => ({ ...ruleVoteOf('x', passed), weight, inputs: { odds } });
  expect(meanOdds([vote(1, 3), vote(1, 4)])).toBeCloseTo(Math.sqrt(12.5), 12);
  expect(meanOdds([vote(3, 5), vote(1, 0)])).toBeCloseTo(Math.sqrt(18.75), 12);
});
