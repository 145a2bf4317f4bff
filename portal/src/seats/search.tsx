import { useEffect, useState } from "preact/hooks";
import { number } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { MOST_SEARCHED } from "./whole";

export function Search({
  text,
  large,
  removed,
  onSearch,
}: {
  text: string;
  /** Whether there are too many invites for a search of the whole list. */
  large: boolean;
  /** Whether the list is that of removed invites, where the API finds no beginnings of addresses either. */
  removed: boolean;
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
      <Text>{large && !removed ? "Address begins with" : "Name or address contains"}</Text>
      <input
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={large && removed ? "" : typed}
        readOnly={large && removed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        {...(large && { "aria-describedby": "search-large" })}
      />
      {large && (
        <span id="search-large" class="soft">
          {removed
            ? `More than ${number(MOST_SEARCHED)} invites were removed in the last 30 days: too many to search. Look through the pages, newest first.`
            : `This deal has more than ${number(MOST_SEARCHED)} invites. The search compares only the beginning of addresses.`}
        </span>
      )}
    </label>
  );
}
