/**
 * What outlives a page in its tab: `sessionStorage`, and memory where the browser has no room or blocks site data.
 *
 * Invariant: nothing here throws. With site data blocked, every access to `sessionStorage` does, reading it included.
 */

const memory = new Map<string, string>();

/** The result of `use`, or undefined where `sessionStorage` refuses. */
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

export const kept = (name: string): string | null => memory.get(name) ?? stored((storage) => storage.getItem(name)) ?? null;

export function drop(name: string) {
  memory.delete(name);
  stored((storage) => storage.removeItem(name));
}

export function dropAll() {
  memory.clear();
  stored((storage) => storage.clear());
}

/** Whether what is kept is still there after the way to another site and back. */
export function outlivesPage(): boolean {
  const probe = "probe";
  return stored((storage) => (storage.setItem(probe, ""), storage.removeItem(probe), true)) ?? false;
}
