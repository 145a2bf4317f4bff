/** Navigation through the pages of a list. */
import { useEffect, useState } from "preact/hooks";
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
  next: string | undefined;
  go: (cursor: string | undefined) => void;
}) {
  const { index, fromStart, previous, places } = trail;
  if (index === 0 && fromStart && next === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages of the list">
      {previous ? (
        <button key="previous" type="button" class="secondary outline small" onClick={() => go(places[index - 1])}>
          Previous page
        </button>
      ) : (
        !fromStart && (
          <button key="first" type="button" class="secondary outline small" onClick={() => go(undefined)}>
            First page
          </button>
        )
      )}
      {fromStart && (
        <span class="soft">
          <Text>{`Page ${index + 1}`}</Text>
        </span>
      )}
      {next !== undefined && (
        <button key="next" type="button" class="secondary outline small" onClick={() => go(next)}>
          Next page
        </button>
      )}
    </nav>
  );
}
