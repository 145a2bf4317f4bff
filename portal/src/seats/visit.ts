/**
 * What a visit of the Deal seats page is searched for, and which pages of the list it has seen. A reload and a new sign-in go
 * on with a visit, and so does *Back*, which finds it by the entry of the browser's history. Neither a path nor an entry has
 * the search, which may be an address.
 */
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { Filter } from "../api";
import { isReturning, SEARCH } from "../session";
import { keep, kept } from "../storage";
import { keepPlace, placeBefore } from "../ui/place";
import type { Trail } from "./paging";

/** A search, with its place in the list of one tab. */
interface Searched {
  search: string;
  searchAfter?: string | undefined;
  searchIn?: Filter | undefined;
}

interface Visit extends Searched {
  id: number;
  deal: string;
  trail?: Trail;
}

/** `now`: the visit whose page is open. The newest visit comes first. */
interface Visits {
  now?: number | undefined;
  visits: Visit[];
}
const MOST_VISITS = 20;

const read = (): Visits => ({ visits: [], ...JSON.parse(kept(SEARCH) ?? "{}") });
const write = (change: Partial<Visits>) => keep(SEARCH, JSON.stringify({ ...read(), ...change }));

function save(visit: Visit) {
  const others = read().visits.filter(({ id }) => id !== visit.id);
  write({ visits: [visit, ...others].slice(0, MOST_VISITS) });
}

/** A sign-out has deleted what was kept, and leaves the page after that. */
const leave = () => kept(SEARCH) !== null && write({ now: undefined });

// An address that was opened anew is another visit, whose tabs must show what they count. A new sign-in has lost the entry of
// the browser's history, and belongs to the visit that was open.
const [arrival] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
const arrived = placeBefore().visit;
if (!isReturning()) {
  if (arrival?.type === "navigate") leave();
  else if (arrived !== undefined) write({ now: arrived });
}

/** Without an id, another visit. */
function visitOf(deal: string, id: number | undefined): Visit {
  const before = read().visits.find((visit) => visit.id === id && visit.deal === deal);
  if (!before) return { id: id ?? Date.now(), deal, search: "" };
  const { trail, ...visit } = before;
  // In JSON, the first page's place is null.
  return { ...visit, ...(trail && { trail: { ...trail, places: trail.places.map((place) => place ?? undefined) } }) };
}

/** Lets the next visit of a deal's list begin with a search: no URL has an address. */
export function searchNext(deal: string, search: string) {
  const visit = { id: Date.now(), deal, search };
  save(visit);
  write({ now: visit.id });
}

/** `entry` changes with the entry of the browser's history. */
export function useVisit(deal: string, entry: string) {
  const [latest, setVisit] = useState(() => visitOf(deal, placeBefore().visit ?? read().now));
  const here = placeBefore().visit ?? latest.id;
  // *Back* leads from the search of a link to the visit that has the link.
  const visit = here === latest.id ? latest : visitOf(deal, here);
  if (visit !== latest) setVisit(visit);
  useEffect(() => {
    write({ now: visit.id });
    return () => void leave();
  }, [visit.id]);
  useLayoutEffect(() => keepPlace({ visit: visit.id }), [entry]);
  const change = (changed: Partial<Visit>) => {
    const after = { ...visit, ...changed };
    save(after);
    setVisit(after);
  };
  const setSearch = ({ search, searchAfter, searchIn }: Searched) => change({ search, searchAfter, searchIn });
  /** For the next entry of the browser's history. */
  const beginSearch = (search: string) => {
    const next = { id: Date.now(), deal, search };
    save(next);
    setVisit(next);
  };
  return { visit, setSearch, beginSearch, setTrail: (trail: Trail) => change({ trail }) };
}
