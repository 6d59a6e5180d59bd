import { durationWords } from '../core/duration-words.ts';
import type { StageState } from '../core/state.ts';

/** What a sentence about a state is made of; NaN where not known. Seconds, records and records per second. */
export interface Told {
  readonly state: StageState;
  readonly lag: number;
  readonly lagSeconds: number;
  readonly atLeast: boolean;
  readonly endRate: number;
  readonly commitRate: number;
  readonly catchUpSeconds: number;
  readonly lost: number;
  /** Seconds since the last commit. */
  readonly quietSeconds: number;
  /** Members of the group. */
  readonly members?: number;
  /** A state in which something moves was seen in the last round and will take over if it is seen again: what the standing one says is over. */
  readonly leaving?: boolean;
  /** New partitions with records in which nothing was committed. */
  readonly uncommitted?: number;
}

/** One sentence that says why a group is in its state. */
export function reasonOf(told: Told): string {
  const lost = told.lost > 0 ? `; retention took ${records(told.lost)} unread` : '';
  return sentence(told) + lost;
}

/** A group that rebalances and has committed this lately works now and then. */
const COMMITS_SECONDS = 20;

function sentence(told: Told): string {
  const waiting = `${records(told.lag)} waiting`;
  const pace = Number.isNaN(told.commitRate)
    ? waiting
    : `commits ${bare(told.commitRate)} of ${bare(told.endRate)} records/s`;
  switch (told.state) {
    case 'healthy':
      if (told.lag === 0)
        return told.commitRate > 0 ? `commits ${bare(told.commitRate)} records/s, nothing waiting` : 'nothing waiting';
      return `${Number.isNaN(told.commitRate) ? waiting : `commits ${bare(told.commitRate)} records/s`}${behind(told)}`;
    case 'idle':
      return told.leaving && told.lag > 0 ? `had nothing to read, ${waiting}` : 'nothing to read';
    case 'unknown':
      return 'its broker reports nothing, so nothing is known of it';
    case 'rewound':
      return `reads again what it had read: its offset was set back, or the log cut off; ${waiting}`;
    case 'rebalancing':
      if (told.leaving) return `its members have shared out the partitions, ${waiting}${behind(told)}`;
      if (told.quietSeconds < COMMITS_SECONDS) return `its members come and go, ${pace}${behind(told)}`;
      return `its members are sharing out the partitions and commit nothing, ${waiting}`;
    case 'dead':
      if (told.leaving) return `commits again after a time without members, ${left(told)}`;
      if ((told.members ?? 0) > 0) return `members are back and have committed nothing yet, ${waiting}${behind(told)}`;
      return `the group has no members, ${waiting}${behind(told)}`;
    case 'stuck':
      if (told.leaving) return `commits again after a standstill, ${left(told)}`;
      return `has committed nothing for ${span(told.quietSeconds)}, ${waiting}${behind(told)}`;
    case 'no_commits':
      if (!(told.uncommitted ?? 0)) return 'has members, but has committed nothing';
      return `has committed nothing in ${told.uncommitted === 1 ? 'a new partition' : `${told.uncommitted} new partitions`} with records`;
    case 'falling_behind':
      return `${pace}${behind(told)}`;
    case 'catching_up':
      return `${pace}${behind(told)}${Number.isFinite(told.catchUpSeconds) ? `, caught up in about ${span(told.catchUpSeconds)}` : ''}`;
  }
}

function left(told: Told): string {
  return told.lag === 0 ? 'nothing waiting' : `${records(told.lag)} waiting${behind(told)}`;
}

function behind({ lagSeconds, atLeast }: Told): string {
  if (!Number.isFinite(lagSeconds) || lagSeconds === 0) return '';
  return `, ${atLeast ? 'at least ' : ''}${lagSeconds < 10 ? durationWords(lagSeconds) : span(lagSeconds)} behind`;
}

/** Rounded to what matters at its size, so that it does not change with every round. */
function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time';
  const unit = seconds < 120 ? 1 : seconds < 7200 ? 10 : seconds < 172_800 ? 60 : 3600;
  return durationWords(Math.round(seconds / unit) * unit);
}

function bare(perSecond: number): string {
  if (Number.isNaN(perSecond)) return 'an unknown number';
  return perSecond >= 10 || perSecond === 0 ? Math.round(perSecond).toLocaleString('en') : perSecond.toPrecision(2);
}

function records(count: number): string {
  return `${Math.round(count).toLocaleString('en')} ${Math.round(count) === 1 ? 'record' : 'records'}`;
}
