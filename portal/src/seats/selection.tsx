/** The selected invites, also those of other pages, and what can be done with them. */
import { useEffect, useState } from "preact/hooks";
import type { Filter, Invite } from "../api";
import { number } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { TOO_MANY } from "./several";
import { hasDeclined, isOpen, type Known } from "./words";

type Picked = ReadonlyMap<string, Invite>;

/** `rows`: those of the page. */
export function useSelection(status: Filter | undefined, search: string, rows: Known[]) {
  const [picked, setPicked] = useState<Picked>(new Map());
  /** How many people who said no the last “Select all” did not select. */
  const [skipped, setSkipped] = useState(0);
  useEffect(() => setSkipped(0), [search]);
  const select = (rows: Picked, skipped = 0) => {
    setPicked(rows);
    setSkipped(skipped);
  };
  const onPage = new Map(rows.map((row) => [row.id, row]));
  const chosen = [...picked.values()].map((row) => onPage.get(row.id) ?? row).filter(isOpen);
  // Selecting all does not resend to somebody who said no.
  const canPick = (row: Invite) => isOpen(row) && (!hasDeclined(row) || status === "declined");
  return {
    picked,
    skipped,
    chosen,
    pickable: rows.filter(canPick),
    /** How many of them are on other pages. */
    elsewhere: chosen.filter(({ id }) => !onPage.has(id)).length,
    pick: (row: Invite, on: boolean) => select(on ? new Map(picked).set(row.id, row) : unpicked(picked, [row])),
    /** Selects all of these rows as well, without those who said no. */
    add: (rows: Invite[]) => {
      const all = new Map([...picked, ...rows.filter(canPick).map((row) => [row.id, row] as const)]);
      select(all, rows.filter((row) => isOpen(row) && !all.has(row.id)).length);
    },
    remove: (rows: Invite[]) => select(unpicked(picked, rows)),
    /** A row has left the list. */
    drop: (row: Invite) => setPicked((picked) => unpicked(picked, [row])),
    clear: () => select(new Map()),
  };
}

function unpicked(picked: Picked, rows: Invite[]): Picked {
  const rest = new Map(picked);
  for (const { id } of rows) rest.delete(id);
  return rest;
}

/** The number of the selected, and the buttons for them. */
export function SelectionBar({
  selection: { picked, skipped, chosen, pickable, elsewhere, add, remove, clear },
  rows,
  paged,
  whole,
  active,
  running,
  occupied,
  onEvery,
  onResend,
  onCancel,
}: {
  selection: ReturnType<typeof useSelection>;
  rows: Known[];
  /** Whether the list has other pages. */
  paged: boolean;
  /** Whether every row of it can be loaded. */
  whole: boolean;
  /** Whether the deal is active. */
  active: boolean;
  /** Whether an action on many invites is in progress. */
  running: boolean;
  /** Whether none can begin. */
  occupied: boolean;
  onEvery: () => void;
  onResend: () => void;
  onCancel: () => void;
}) {
  const here = chosen.length - elsewhere;
  const allPicked = pickable.every((row) => picked.has(row.id));
  return (
    <div class={`actions bulk ${chosen.length > 0 ? "chosen" : ""}`}>
      <label class="check">
        <input
          type="checkbox"
          // Not as a property: a click ends it also where it stays.
          ref={(box) => void (box && (box.indeterminate = here > 0 && here < rows.filter(isOpen).length))}
          checked={here > 0}
          disabled={pickable.length === 0}
          onChange={() => (allPicked ? remove(rows) : add(rows))}
        />
        Select all on this page
      </label>
      <span class="soft">
        <Text>{`${number(chosen.length)} selected`}</Text>
        {elsewhere > 0 && <Text>{`, ${number(elsewhere)} of them out of sight`}</Text>}
        {skipped > 0 && <Text>{`, ${number(skipped)} who declined left out`}</Text>}
      </span>
      {paged && whole && elsewhere === 0 && (
        <button key="every" type="button" class="link" disabled={running} onClick={onEvery}>
          Select all on every page
        </button>
      )}
      {elsewhere > 0 && (
        <button key="none" type="button" class="link" onClick={clear}>
          Clear selection
        </button>
      )}
      {paged && !whole && elsewhere === 0 && (
        <span key="many" class="soft">
          {TOO_MANY}
        </span>
      )}
      {active && (
        <button
          type="button"
          class="secondary outline small"
          disabled={occupied || chosen.length === 0}
          onClick={onResend}
        >
          Resend selected
        </button>
      )}
      <button
        type="button"
        class="secondary outline small"
        disabled={occupied || chosen.length === 0}
        onClick={onCancel}
      >
        Cancel selected
      </button>
    </div>
  );
}
