import type { Ahead, GroupSummary, GroupsView, LagView } from '../core/group-view.ts';
import type { StageState } from '../core/state.ts';
import { capital, IS, sentence } from './answer.ts';
import { durationParts, durationWords, formatRecords, joinParts, type Part, plural, UNKNOWN } from './format.ts';
import { gravity } from './map/neighbours.ts';
import type { GlyphState } from './states.ts';

type Time = Pick<LagView, 'lagSeconds' | 'lagError' | 'atLeast'>;

/** A lag in time as it may be stated: the number, and what stands before and after it. */
export interface LagTime {
  readonly before: string;
  readonly parts: readonly Part[];
  readonly after: string;
}

/** The bound below which it is not worth a word: a fiftieth of the lag, or a tenth of a second. */
const EXACT_SHARE = 0.02;
const EXACT_SECONDS = 0.1;

/**
 * `24 s ± 3 s`, `at least 3 h`, or `≤ 5.4 s` where the bound is as large as the lag itself. Nothing waiting is `0 s`, and what is
 * not known an en dash.
 */
export function lagTime({ lagSeconds, lagError, atLeast }: Time): LagTime {
  if (lagSeconds === null) return { before: '', parts: durationParts(null), after: '' };
  if (atLeast) return { before: 'at least', parts: durationParts(lagSeconds), after: '' };
  const error = lagError ?? 0;
  if (error <= Math.max(EXACT_SHARE * lagSeconds, EXACT_SECONDS) || lagSeconds === 0)
    return { before: '', parts: durationParts(lagSeconds), after: '' };
  if (error >= lagSeconds) return { before: '≤', parts: durationParts(lagSeconds + error), after: '' };
  return { before: '', parts: durationParts(lagSeconds), after: `± ${durationWords(error)}` };
}

export function lagText(lag: Time): string {
  const { before, parts, after } = lagTime(lag);
  return [before, joinParts(parts), after].filter((text) => text !== '').join(' ');
}

/** What the bound means, for whoever hovers. */
export function lagHint({ lagSeconds, lagError, atLeast }: Time): string {
  if (lagSeconds === null) return 'No sample says when the next record was written';
  if (atLeast) return 'The oldest unread record was written before the first sample of its log: a lower bound';
  if (lagError === null || lagError === 0) return 'Age of the oldest unread record';
  return `Age of the oldest unread record, between ${durationWords(Math.max(0, lagSeconds - lagError))} and ${durationWords(lagSeconds + lagError)}`;
}

type Course = Pick<LagView, 'catchUp' | 'lag' | 'lagSeconds'> & { readonly state: LagView['state'] | null };

/** Of who is healthy and less than this behind, in seconds, what waits is on its way: samples are not closer together. */
const ON_ITS_WAY = 10;

const isOnItsWay = ({ lagSeconds, state }: Course): boolean =>
  state === 'healthy' && lagSeconds !== null && lagSeconds < ON_ITS_WAY;

/** Whether who reads is behind and, at the rates of now, stays so. */
export function neverCatchesUp(course: Course): boolean {
  return course.catchUp === 'never' && course.lag !== 0 && !isOnItsWay(course);
}

/** Whether it is known when who reads will have caught up, and has not yet. */
export function isCatchingUp(course: Course): boolean {
  return typeof course.catchUp === 'number' && course.catchUp >= 1 && !isOnItsWay(course);
}

/** `in 3 min`, `never at this rate`, and `caught up` where nothing waits longer than a sample. */
export function catchUpText(course: Course): string {
  const { catchUp } = course;
  if (neverCatchesUp(course)) return 'never at this rate';
  if (catchUp === null) return UNKNOWN;
  return isCatchingUp(course) ? `in ${durationWords(Number(catchUp))}` : 'caught up';
}

/** `in 2 h 25 min`, `now` once it is due, `not at this rate`, `none` where nothing waits. */
export function lossText({ loss, lag }: Pick<LagView, 'loss' | 'lag'>): string {
  if (loss === 'never') return lag === 0 ? 'none' : 'not at this rate';
  if (loss === null) return UNKNOWN;
  return loss <= 0 ? 'now' : `in ${durationWords(loss)}`;
}

/** `80 % sure: 1 h 48 min to 3 h 10 min`; empty without a forecast. */
export function lossRange({ loss, lossLower, lossUpper }: Pick<LagView, 'loss' | 'lossLower' | 'lossUpper'>): string {
  if (loss === null || loss === 'never') return '';
  return `80\u202f% sure: ${end(lossLower)} to ${end(lossUpper)}`;
}

function end(ahead: Ahead): string {
  return ahead === 'never' ? 'never' : durationWords(ahead);
}

/** How long retention keeps what waits: `2 h`, or that it is due. */
export function headroomText({ headroom }: Pick<LagView, 'headroom'>): string {
  if (headroom === null) return UNKNOWN;
  return headroom <= 0 ? 'used up' : durationWords(headroom);
}

/** The state a group is coloured by: a loss ahead needs someone more than any state short of stuck. */
export function urgencyOf(group: Pick<LagView, 'state' | 'lossExpected'>): GlyphState {
  return group.lossExpected && gravity(group.state) < gravity('stuck') ? 'stuck' : group.state;
}

/** The first sentences of the list of groups. */
export interface GroupsAnswer {
  readonly state: GlyphState;
  /** Subject and state, in the state's colour; empty when nothing is wrong. */
  readonly subject: string;
  readonly rest: string;
  readonly detail: string;
}

export function groupsAnswer(view: GroupsView): GroupsAnswer {
  const judged = Object.values(view.states).reduce((sum, count) => sum + count, 0);
  const [worst] = view.groups;
  const shares = view.shares.length === 0 ? '' : `${plural(view.shares.length, 'share group')} beside, not judged.`;
  if (judged === 0 || worst === undefined) {
    return { state: 'unknown', subject: '', rest: 'No consumer group is reported.', detail: shares };
  }
  const ill = (Object.entries(view.states) as [StageState, number][])
    .filter(([state]) => gravity(state) >= 3)
    .reduce((sum, [, count]) => sum + count, 0);
  if (gravity(worst.state) < 3 && !worst.lossExpected) {
    const idle = view.states.idle ?? 0;
    const blind = view.states.unknown ?? 0;
    const well = `${judged === 1 ? 'The one group is' : `All ${judged.toLocaleString('en-US')} groups are`} healthy`;
    const rest = blind > 0 ? `${plural(judged - blind, 'group')} healthy, ${blind} without recent data.` : `${well}.`;
    const quiet =
      idle === 0
        ? ''
        : `${plural(idle, 'group')} idle: nothing is written to what ${idle === 1 ? 'it reads' : 'they read'}.`;
    return { state: 'healthy', subject: '', rest, detail: [quiet, shares].filter((text) => text !== '').join(' ') };
  }
  const more = ill > 1 ? `${plural(ill - 1, 'other group')} not healthy.` : '';
  return {
    state: urgencyOf(worst),
    subject: `${worst.group} ${IS[worst.state]}.`,
    rest: consequenceOf(worst),
    detail: [sentence(capital(worst.reason)), more, shares].filter((text) => text !== '').join(' '),
  };
}

/** What follows from a group's state, in one sentence: a loss ahead, else how long its oldest record waits. */
export function consequenceOf(group: LagView & Pick<GroupSummary, 'topics'>): string {
  if (group.lossExpected && typeof group.loss === 'number') {
    const what = group.topics.length === 1 ? ` of ${group.topics[0]}` : '';
    return group.loss <= 0
      ? `Unread records${what} are being lost.`
      : `Unread records${what} expire in ${durationWords(group.loss)}.`;
  }
  if (group.lagSeconds === null || group.lagSeconds < 1) return '';
  const waiting =
    group.lag === null ? '' : `${formatRecords(group.lag)} ${group.lag === 1 ? 'waits' : 'wait'}, the oldest `;
  return `${waiting === '' ? 'Its oldest unread record waits ' : waiting}${lagText(group)}.`;
}
