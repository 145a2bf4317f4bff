import { useEffect, useState } from "preact/hooks";
import { number } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { MOST_SEARCHED } from "./whole";

export function Search({
  text,
  large,
  onSearch,
}: {
  text: string;
  /** Whether the search finds only beginnings of addresses. */
  large: boolean;
  onSearch: (text: string) => void;
}) {
  const [typed, setTyped] = useState(text);
  // Search when the person pauses, not at each letter.
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => onSearch(typed.trim()), 300);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return (
    <label class="find">
      <Text>{large ? "Address begins with" : "Name or address contains"}</Text>
      <input
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        {...(large && { "aria-describedby": "search-large" })}
      />
      {large && (
        <span id="search-large" class="soft">
          This deal has more than {number(MOST_SEARCHED)} invites. The search compares only the beginning of addresses.
        </span>
      )}
    </label>
  );
}
