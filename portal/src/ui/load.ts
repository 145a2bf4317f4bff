import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api";

export interface Loaded<T> {
  /** The last loaded value. It stays during a reload, and if that fails. */
  value: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => Promise<void>;
  /** Changes the loaded value without a request. */
  update: (change: (value: T) => T) => void;
}

/** Anything that is not a `Problem` is a fault of the page, for the console as well. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem("defect", "Something went wrong on this page.");
}

/** Loads a value whenever `key` changes. Drops a response that a newer request has overtaken. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; problem?: Problem; loading: boolean }>({
    key,
    loading: true,
  });
  const newest = useRef(0);
  const latest = useRef({ key, load });
  latest.current = { key, load };
  // Whoever holds an earlier `reload` reloads what is shown now.
  const reload = useCallback(async () => {
    const turn = ++newest.current;
    const { key, load } = latest.current;
    setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    try {
      const value = await load();
      if (turn === newest.current) setState({ key, value, loading: false });
    } catch (error) {
      const problem = asProblem(error);
      if (turn === newest.current) setState((old) => ({ ...old, problem, loading: false }));
    }
  }, []);
  useEffect(() => {
    void reload();
    return () => void newest.current++;
  }, [key]);
  const update = useCallback((change: (value: T) => T) => {
    setState((old) => (old.value === undefined ? old : { ...old, value: change(old.value) }));
  }, []);
  const current = state.key === key ? state : { loading: true, value: undefined, problem: undefined };
  return { value: current.value, problem: current.problem, loading: current.loading, reload, update };
}

/** How long the numbers of a tab in the background stay as they are, in milliseconds. */
export const FRESH = 60_000;

/** Called when the person comes back to this browser tab, or to its window. */
export function useReturn(back: () => void) {
  const latest = useRef(back);
  latest.current = back;
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && latest.current();
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      removeEventListener("focus", look);
    };
  }, []);
}
