/** The organisations, and the states of their deals. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type DealWithSeats, listDeals, listOrganisations, type Problem } from "../api";
import { STATES } from "../deals";
import { asProblem, useLoad } from "../ui/load";
import { keepPlace, placeBefore } from "../ui/place";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { isLikelyId } from "./fields";

/** How many organisations' deals are loaded at once. */
const AT_ONCE = 4;

export function pathOf(query: { find?: string; organisation?: string }): string {
  const text = new URLSearchParams(query).toString();
  return `/admin${text && `?${text}`}`;
}

/** All organisations, or those with a text in their name or ID. An only one is opened. */
export function Organisations({ find, onFirst }: { find: string; onFirst: (organisation: string) => void }) {
  const { route } = useLocation();
  const { value, problem, loading, reload, update } = useLoad(find, async () => {
    let page = await listOrganisations(find, undefined);
    // Back leads to all that “Show more” had brought.
    while (page.nextCursor !== null && page.organisations.length < (placeBefore().rows ?? 0)) {
      const next = await listOrganisations(find, page.nextCursor);
      page = { ...next, organisations: [...page.organisations, ...next.organisations] };
    }
    return page;
  });
  const rows = useRef<HTMLTableSectionElement>(null);
  const [more, setMore] = useState<{ busy: boolean; problem?: Problem }>({ busy: false });
  const organisations = value?.organisations ?? [];
  useEffect(() => {
    if (value) announce(counted(value.organisations.length, "organisation"));
  }, [value === undefined, find]);
  const deals = useDeals(organisations.map(({ id }) => id));
  const only = find && organisations.length === 1 ? organisations[0] : undefined;
  useEffect(() => {
    if (only) route(pathOf({ organisation: only.id }), true);
  }, [only]);
  const next = async (cursor: string) => {
    if (more.busy) return;
    setMore({ busy: true });
    try {
      const page = await listOrganisations(find, cursor);
      keepPlace({ rows: organisations.length + page.organisations.length });
      update((old) => ({ ...page, organisations: [...old.organisations, ...page.organisations] }));
      setMore({ busy: false });
      const count = organisations.length + page.organisations.length;
      announce(counted(count, "organisation"));
      // The button may be gone, or be below all that it has brought.
      setTimeout(() => {
        const focused = document.activeElement;
        if (focused === document.body || focused?.closest(".pages"))
          rows.current?.rows[organisations.length]?.querySelector("a")?.focus();
      });
    } catch (error) {
      setMore({ busy: false, problem: asProblem(error) });
    }
  };
  if (problem) return <Failure problem={problem} reload={() => void reload()} />;
  if (!value || only) return <Waiting what="Loading organisations" />;
  if (organisations.length === 0) {
    return (
      <NoDeals key={find} onFirst={() => onFirst(isLikelyId(find) ? find : "")}>
        <Text>{`No organisation has “${find}” in its name or ID.`}</Text> If the organisation is new, create its first
        deal. You need the ID in its managers’ accounts.
      </NoDeals>
    );
  }
  const cursor = value.nextCursor;
  return (
    <>
      <table class="rows" role="table" aria-label="Organisations" aria-busy={loading}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Organisation
            </th>
            <th role="columnheader" scope="col">
              ID
            </th>
            <th role="columnheader" scope="col">
              Deals
            </th>
          </tr>
        </thead>
        <tbody ref={rows} role="rowgroup">
          {organisations.map(({ id, name }) => (
            <tr role="row" key={id}>
              <th role="rowheader" scope="row">
                <a class="alone" href={pathOf({ organisation: id })}>
                  {name}
                </a>
              </th>
              <td role="cell" data-label="ID">
                <span>{id}</span>
              </td>
              <td role="cell" data-label="Deals">
                <States deals={deals.get(id)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more.problem && cursor !== null && (
        <Failure
          problem={more.problem}
          text="The other organisations are not shown."
          reload={() => void next(cursor)}
        />
      )}
      {cursor !== null && (
        <p class="pages">
          <button type="button" class="secondary outline small" aria-busy={more.busy} onClick={() => void next(cursor)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

export const AllOrganisations = () => (
  <p>
    <a class="alone" href="/admin">
      ‹ All organisations
    </a>
  </p>
);

/** Says that nothing was found, and leads on. `onFirst`: creates the first deal of an organisation. */
export function NoDeals({ children, onFirst }: { children: ComponentChildren; onFirst?: () => void }) {
  return (
    <>
      <AllOrganisations />
      <p>{children}</p>
      {onFirst && (
        <p class="actions">
          <button type="button" class="secondary outline" onClick={onFirst}>
            Create its first deal
          </button>
        </p>
      )}
    </>
  );
}

/** The deals of these organisations, as they arrive. */
function useDeals(ids: string[]): ReadonlyMap<string, DealWithSeats[] | Problem> {
  const [known, setKnown] = useState<ReadonlyMap<string, DealWithSeats[] | Problem>>(new Map());
  useEffect(() => {
    let left = false;
    const queue = ids.filter((id) => !known.has(id));
    const work = async () => {
      for (let id = queue.shift(); id !== undefined && !left; id = queue.shift()) {
        const key = id;
        const deals = await listDeals(id).catch(asProblem);
        if (!left) setKnown((known) => new Map(known).set(key, deals));
      }
    };
    for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
    return () => {
      left = true;
    };
  }, [ids.join()]);
  return known;
}

function States({ deals }: { deals: DealWithSeats[] | Problem | undefined }) {
  if (!deals) return <Text>…</Text>;
  if (!Array.isArray(deals)) return <Text>Not loaded. Open the organisation to see its deals.</Text>;
  const states = (Object.keys(STATES) as (keyof typeof STATES)[]).map((state) => ({
    state,
    count: deals.filter((deal) => deal.state === state).length,
  }));
  return (
    <span class="states">
      {states.map(
        ({ state, count }) =>
          count > 0 && (
            <span key={state} class={`state ${state}`}>
              <Text>{`${number(count)} ${STATES[state].toLowerCase()}`}</Text>
            </span>
          ),
      )}
    </span>
  );
}
