/**
 * Texts stored for this tab: in `sessionStorage`, or in memory if it is full or blocked.
 *
 * Invariant: nothing here throws. If site data is blocked, even reading `sessionStorage` throws.
 */

const memory = new Map<string, string>();

/** The result of `use`, or undefined if it throws. */
function stored<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(sessionStorage);
  } catch {
    return undefined;
  }
}

export function keep(name: string, text: string) {
  const done = stored((storage) => (storage.setItem(name, text), true));
  if (done) memory.delete(name);
  else memory.set(name, text);
}

export const kept = (name: string): string | null =>
  memory.get(name) ?? stored((storage) => storage.getItem(name)) ?? null;

export function drop(name: string) {
  memory.delete(name);
  stored((storage) => storage.removeItem(name));
}

/** What was changed in a form and not saved. */
export interface Edited<T> {
  kept: () => T | undefined;
  /** Undefined if nothing is left to save. */
  keep: (values: T | undefined) => void;
}

/** Of the form with this name: `reminders:` and the id of a deal. */
export function editedOf<T>(form: string): Edited<T> {
  const name = `edited:${form}`;
  return {
    kept() {
      const text = kept(name);
      return text === null ? undefined : (JSON.parse(text) as T);
    },
    keep: (values) => (values === undefined ? drop(name) : keep(name, JSON.stringify(values))),
  };
}

/** The names of all stored texts. */
const names = () => [
  ...memory.keys(),
  ...(stored((storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "")) ?? []),
];

export const hasText = (matches: (name: string) => boolean) => names().some(matches);

/** Drops the texts whose names match. */
export const dropThose = (matches: (name: string) => boolean) => names().filter(matches).forEach(drop);

export const dropAll = () => dropThose(() => true);

/** Whether stored texts are still there after a redirect to another site and back. */
export function survivesRedirect(): boolean {
  const probe = "probe";
  return stored((storage) => (storage.setItem(probe, ""), storage.removeItem(probe), true)) ?? false;
}
