import type { BudgetView } from '../../core/pipeline-page.ts';
import { formatPercent } from '../format.ts';
import { burnText, sloGlyph, sloTitle } from '../pipeline-words.ts';
import { address } from '../router.ts';
import { Glyph } from './glyph.tsx';

/** What is left of error budgets, as bars, and when they are empty; with `linked` each leads to its pipeline. */
export function Budgets({ slos, linked = false }: { slos: readonly BudgetView[]; linked?: boolean }) {
  return (
    <ul class="budgets">
      {slos.map((slo) => {
        const state = sloGlyph(slo);
        const left = Math.min(1, Math.max(0, slo.budgetLeft ?? 0));
        const title = sloTitle(slo);
        return (
          <li
            key={`${slo.pipeline}/${slo.slo}`}
            class="budget"
            data-state={state}
            title={`${title}, ${slo.node}: ${slo.reason}`}
          >
            <Glyph state={state} size={9} />
            {linked ? (
              <a class="ellipsis plain" href={address.pipeline(slo.pipeline)}>
                {title}
              </a>
            ) : (
              <span class="ellipsis">{title}</span>
            )}
            <i class="budget-bar" aria-hidden="true">
              <b style={{ width: `${(left * 100).toFixed(1)}%` }} />
            </i>
            <span class="budget-left">{formatPercent(slo.budgetLeft)}</span>
            <span class={`budget-burn ${state === 'healthy' ? 'ink3' : 'state-text'}`}>{burnText(slo)}</span>
          </li>
        );
      })}
    </ul>
  );
}
