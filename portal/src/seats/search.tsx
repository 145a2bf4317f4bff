import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { counted, number } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { type Listed, MOST_SEARCHED } from "./whole";

export function Search({
  field,
  typed,
  text,
  large,
  removed,
  onType,
  onSearch,
}: {
  field: RefObject<HTMLInputElement | null>;
  typed: string;
  /** What the list is searched for. */
  text: string;
  /** Whether there are too many invites for a search of the whole list. */
  large: boolean;
  /** Whether the list is that of removed invites, where the API finds no beginnings of addresses either. */
  removed: boolean;
  onType: (text: string) => void;
  onSearch: (text: string) => void;
}) {
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
        ref={field}
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={large && removed ? "" : typed}
        readOnly={large && removed}
        onInput={(event) => onType(event.currentTarget.value)}
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

/** Says that the list is searched, and how much of it that hides. */
export function Found({ page, onClear }: { page: Listed; onClear: () => void }) {
  const { found, hidden = 0 } = page;
  return (
    <p class="soft found">
      <span role="status">
        {!!found && <Text>{`${number(found)} found`}</Text>}
        {hidden > 0 && (
          <Text>
            {`${found ? " · " : ""}Your search hides ${counted(hidden, found ? "other invite" : "invite")} of this list.`}
          </Text>
        )}
        {found === undefined && <Text>This list is searched: other invites are hidden.</Text>}
      </span>{" "}
      <button type="button" class="link" onClick={onClear}>
        Clear search
      </button>
    </p>
  );
}
