/** Navigation through the pages of a list. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Text } from "../ui/text";

/** The cursors of the pages of a list that were shown, in order. */
export interface Trail {
  view: string;
  places: (string | undefined)[];
}

/** Remembers the cursors of earlier pages, because a cursor leads only forward. `before`: what this visit has kept. */
export function useTrail(
  view: string,
  after: string | undefined,
  before: Trail | undefined,
  onKeep: (trail: Trail) => void,
) {
  const [trail, setTrail] = useState<Trail>(before ?? { view, places: [after] });
  let places = trail.view === view ? trail.places : before?.view === view ? before.places : [after];
  if (!places.includes(after)) places = after === undefined ? [after] : [...places, after];
  if (trail.view !== view || trail.places !== places) setTrail({ view, places });
  useEffect(() => onKeep({ view, places }), [view, places]);
  const index = places.indexOf(after);
  return { index, fromStart: places[0] === undefined, previous: index > 0, places };
}

export function Pages({
  trail,
  next,
  go,
}: {
  trail: ReturnType<typeof useTrail>;
  /** Null on the last page; undefined while the page is loading. */
  next: string | null | undefined;
  go: (cursor: string | undefined) => void;
}) {
  const { index, fromStart, previous, places } = trail;
  const here = useRef<HTMLElement>(null);
  /** Where the button that was pressed is among those of the other page, which may have fewer. */
  const pressed = useRef<0 | -1>(undefined);
  useLayoutEffect(() => {
    if (pressed.current === undefined || next === undefined) return;
    const buttons = [...(here.current?.querySelectorAll("button") ?? [])];
    // The list's top stays in view.
    if (document.activeElement === document.body) buttons.at(pressed.current)?.focus({ preventScroll: true });
    pressed.current = undefined;
  }, [index, next]);
  if (index === 0 && fromStart && !next) return null;
  const press = (cursor: string | undefined, place: 0 | -1 = 0) => {
    pressed.current = place;
    go(cursor);
  };
  return (
    <nav ref={here} class="pages" aria-label="Pages of the list">
      {previous ? (
        <button key="previous" type="button" class="secondary outline small" onClick={() => press(places[index - 1])}>
          Previous page
        </button>
      ) : (
        !fromStart && (
          <button key="first" type="button" class="secondary outline small" onClick={() => press(undefined)}>
            First page
          </button>
        )
      )}
      {fromStart && (
        <span class="soft">
          <Text>{`Page ${index + 1}`}</Text>
        </span>
      )}
      {next && (
        <button key="next" type="button" class="secondary outline small" onClick={() => press(next, -1)}>
          Next page
        </button>
      )}
    </nav>
  );
}
