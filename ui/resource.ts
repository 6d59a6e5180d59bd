import { useEffect, useRef, useState } from 'preact/hooks';

export interface Resource<T> {
  readonly value: T | undefined;
  readonly error: string;
  readonly loading: boolean;
  readonly reload: () => void;
}

/**
 * Loads again whenever `key` or `version` changes. A new `key` is another thing: the old value goes. A new `version` is
 * a newer state of the same thing: the last value stays on the page until the next is there, also when it fails.
 */
export function useResource<T>(key: string, version: number, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ key: string; value: T | undefined; error: string; loading: boolean }>({
    key,
    value: undefined,
    error: '',
    loading: true,
  });
  const [again, setAgain] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const control = new AbortController();
    setState((old) =>
      old.key === key ? { ...old, loading: true } : { key, value: undefined, error: '', loading: true },
    );
    latest.current(control.signal).then(
      (value) => {
        if (!control.signal.aborted) setState({ key, value, error: '', loading: false });
      },
      (error: Error) => {
        if (!control.signal.aborted) {
          setState((old) => ({
            key,
            value: old.key === key ? old.value : undefined,
            error: error.message,
            loading: false,
          }));
        }
      },
    );
    return () => control.abort();
  }, [key, version, again]);
  const current = state.key === key ? state : { value: undefined, error: '', loading: true };
  return { ...current, reload: () => setAgain((n) => n + 1) };
}
