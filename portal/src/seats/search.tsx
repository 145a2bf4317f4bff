import { useEffect, useState } from "preact/hooks";

/** Finds by the beginning of an address. */
export function Search({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  // Each letter is a request: wait until the person pauses.
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => onSearch(typed.trim()), 300);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return (
    <label class="find">
      Address begins with
      <input type="search" autocomplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
    </label>
  );
}
