import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api";

export interface Loaded<T> {
  /** The last that was loaded; kept while it is loaded again, and when that fails. */
  value: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => Promise<void>;
  /** Changes what was loaded, by what became known since. */
  update: (change: (value: T) => T) => void;
}

/** A failure as a problem; anything else is a defect and goes on to the console. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/** Loads something whenever `key` changes. An answer that comes late, after another was asked for, is dropped. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; problem?: Problem; loading: boolean }>({ key, loading: true });
  const newest = useRef(0);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(async () => {
    const turn = ++newest.current;
    setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    try {
      const value = await latest.current();
      if (turn === newest.current) setState({ key, value, loading: false });
    } catch (error) {
      const problem = asProblem(error);
      if (turn === newest.current) setState((old) => ({ ...old, problem, loading: false }));
    }
  }, [key]);
  useEffect(() => {
    void reload();
    return () => void newest.current++;
  }, [reload]);
  const update = useCallback((change: (value: T) => T) => {
    setState((old) => (old.value === undefined ? old : { ...old, value: change(old.value) }));
  }, []);
  const current = state.key === key ? state : { loading: true, value: undefined, problem: undefined };
  return { value: current.value, problem: current.problem, loading: current.loading, reload, update };
}
