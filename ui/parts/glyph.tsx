import { type GlyphState, STATE_WORDS } from '../states.ts';

/** Shapes on a 12 px grid: shape says which state, colour how urgent, so that each can be read in greyscale. */
function shape(state: GlyphState) {
  switch (state) {
    case 'healthy':
      return <circle cx="6" cy="6" r="4" fill="currentColor" />;
    case 'idle':
      return <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" stroke-width="1.6" />;
    case 'unknown':
      return (
        <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.4 1.8" />
      );
    case 'catching_up':
      return <path d="M.9 2h10.2L6 11z" fill="currentColor" />;
    case 'rebalancing':
      return (
        <>
          <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M6 1.8a4.2 4.2 0 0 1 0 8.4z" fill="currentColor" />
        </>
      );
    case 'rewound':
      return <path d="M10.6 1.4v9.2L5.8 6zM6.2 1.4v9.2L1.4 6z" fill="currentColor" />;
    case 'no_commits':
      return (
        <>
          <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6" />
          <path d="M3 9l6-6" stroke="currentColor" stroke-width="1.6" fill="none" />
        </>
      );
    case 'falling_behind':
      return <path d="M6 1l5.1 9H.9z" fill="currentColor" />;
    case 'late':
      return (
        <>
          <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M6 3.4V6l1.8 1.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />
        </>
      );
    case 'stuck':
      return <rect x="1.8" y="1.8" width="8.4" height="8.4" fill="currentColor" />;
    case 'dead':
      return <path d="M2.2 2.2l7.6 7.6M9.8 2.2l-7.6 7.6" stroke="currentColor" stroke-width="2.2" fill="none" />;
  }
}

/** The glyph of a state. It speaks its state unless the words stand beside it (`quiet`). */
export function Glyph({ state, size = 11, quiet = false }: { state: GlyphState; size?: number; quiet?: boolean }) {
  return (
    <svg
      class="glyph"
      data-state={state}
      width={size}
      height={size}
      viewBox="0 0 12 12"
      role={quiet ? undefined : 'img'}
      aria-hidden={quiet ? 'true' : undefined}
      aria-label={quiet ? undefined : STATE_WORDS[state]}
    >
      {quiet ? null : <title>{STATE_WORDS[state]}</title>}
      {shape(state)}
    </svg>
  );
}

/** Glyph and words on their tint. */
export function StateChip({ state, text }: { state: GlyphState; text?: string }) {
  return (
    <span class="chip" data-state={state}>
      <Glyph state={state} quiet />
      {text ?? STATE_WORDS[state]}
    </span>
  );
}
