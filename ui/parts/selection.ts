import { useEffect, useState } from 'preact/hooks';
import { navigate } from '../state.ts';

/** J and K move through a list, Enter opens; the row that is selected, -1 before the first key. */
export function useSelection(urls: readonly string[]): number {
  const [at, setAt] = useState(-1);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT|A|BUTTON)$/.test(event.target.tagName))
        return;
      const url = urls[at];
      if (event.key === 'j') setAt((i) => Math.min(urls.length - 1, i + 1));
      else if (event.key === 'k') setAt((i) => Math.max(0, i - 1));
      else if (event.key === 'Enter' && url !== undefined) navigate(url);
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [urls.join(' '), at]);
  return at;
}
