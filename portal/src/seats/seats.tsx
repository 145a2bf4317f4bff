/** The Deal seats page: seats, tabs, and the list of invites. */
import "./seats.css";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type Counts, type Filter, type Invite, listSeats, type Page, searchSeats } from "../api";
import { Unsent } from "../invite/unsent";
import { Heading } from "../ui/frame";
import { FRESH, useLoad, useReturn } from "../ui/load";
import { Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { recordAddresses } from "./addresses";
import { DealHead } from "./deal-head";
import { countsOf, readReplacements } from "./details";
import { Ending, endsSoon } from "./ending";
import { Invites } from "./invites";
import { ListFailure } from "./list-failure";
import { moved, type Numbers, tabCount, total, withRows } from "./numbers";
import { known, ownRow, withOwn } from "./own";
import { Pages, useTrail } from "./paging";
import { useVisit } from "./visit";
import { containing, inPlace, type Listed, MOST_SEARCHED, pageOf, soughtIn, wholeList } from "./whole";
import { isIn, isOver } from "./words";
import { workOn } from "./work";

const TABS: [Filter | undefined, string][] = [
  [undefined, "All"],
  ["pending", "Pending"],
  ["accepted", "Accepted"],
  ["expired", "Expired"],
  ["declined", "Declined"],
  ["asked", "Asked"],
  ["undelivered", "Not delivered"],
  ["removed", "Removed"],
];

/** A page's path has its tab and cursor, but never an email address. */
function pathOf(deal: string, status: Filter | undefined, after: string | undefined) {
  const query = new URLSearchParams({ ...(status && { status }), ...(after && { after }) }).toString();
  return `/deals/${deal}${query && `?${query}`}`;
}

export function SeatsPage({ deal }: { deal: string }) {
  return <Seats key={deal} deal={deal} />;
}

function Seats({ deal }: { deal: string }) {
  const { query, route } = useLocation();
  const status = TABS.find(([name]) => name === query.status)?.[0];
  const { visit, setSearch, beginSearch, setTrail } = useVisit(deal, `${query.status}|${query.after}`);
  const { search, searchAfter, searchIn } = visit;
  const after = search ? (searchIn === status ? searchAfter : undefined) : query.after || undefined;
  const view = `${status ?? ""}|${search}`;

  const work = workOn(deal);
  const [numbers, setNumbers] = useState<Numbers>();
  const outdated = () => setNumbers((old) => old && { ...old, isStale: true });
  /** Set by a reload: the next load counts again, also on a later page. */
  const recount = useRef(false);
  const removed = status === "removed";
  const whole = useWholeList(deal, removed ? status : undefined, numbers?.counts);
  const rowsOf = (all: Page) => withOwn(deal, all.invites, { status: undefined, first: true, matches: () => true });
  /** The rows of the whole list that belong to the open one. */
  const listedIn = (all: Page) => (removed ? all.invites : rowsOf(all).filter((row) => isIn(known(row), status)));
  const load = async () => {
    const page = await loadPage();
    recordAddresses(deal, page.invites);
    // A row never says a wrong word first.
    if (removed) await readReplacements(deal, page.invites);
    return page;
  };
  const loadPage = async (): Promise<Listed> => {
    const [all, sought] = search ? await Promise.all([whole.load(), soughtIn(search)]) : [undefined, ""];
    if (all) {
      recordAddresses(deal, all.invites);
      const rows = listedIn(all);
      const found = rows.filter(containing(sought));
      return { ...all, ...pageOf(found, after), hidden: rows.length - found.length };
    }
    // Most removed invites are the manager's own actions. Too many of them are not searched.
    if (status === "removed") return listSeats(deal, { status, cursor: after });
    const page = search
      ? await searchSeats(deal, sought, { status, cursor: after })
      : await listSeats(deal, { status, cursor: after });
    const matches = (row: Invite) => row.email.toLowerCase().startsWith(sought.toLowerCase());
    return { ...page, invites: withOwn(deal, page.invites, { status, first: after === undefined, matches }) };
  };
  /** The list of those who asked, without who stopped invites since. The counts know who did. */
  const waiting = (page: Listed): Listed =>
    status === "asked" ? { ...page, invites: page.invites.filter((row) => isIn(known(row), status)) } : page;
  /** The numbers of a refresh. Where the whole list was just loaded, they count its rows: the API counts up to a limit. */
  const numbersOf = ({ seats }: Page, counts: Counts): Numbers => {
    const all = removed ? undefined : whole.page(FRESH);
    const exact = all ? withRows(counts, seats, rowsOf(all).map(known)) : counts;
    return { seats, counts: exact, at: Date.now(), isStale: false };
  };
  const list = useLoad(`${view}|${after ?? ""}`, async () => {
    // A search and a later page keep the numbers, which cost more to count than a page to load.
    const counting = !numbers || recount.current || (!search && !after);
    recount.current = false;
    const [page, counts] = await Promise.all([
      load(),
      counting ? countsOf(deal).catch((error) => (numbers ? null : Promise.reject(error))) : undefined,
    ]).catch((error) => {
      outdated();
      throw error;
    });
    if (counts) setNumbers(numbersOf(page, counts));
    else if (counts === null) outdated();
    else
      setNumbers((old) => {
        const now = old && numbersOf(page, old.counts);
        return now?.counts === old?.counts ? old : now;
      });
    return waiting(page);
  });
  const reload = () => {
    whole.forget();
    recount.current = true;
    return list.reload();
  };
  const place = `${view}|${after ?? ""}`;
  const shownPlace = useRef(place);
  shownPlace.current = place;
  /** Loads rows and numbers at the same time, so that they agree. Rows keep their places. */
  const refresh = async () => {
    whole.forget();
    try {
      const [loaded, counts] = await Promise.all([load(), countsOf(deal)]);
      const page = waiting(loaded);
      setNumbers(numbersOf(page, counts));
      if (shownPlace.current !== place) return;
      list.update((old) => ({ ...page, invites: inPlace(old.invites, page.invites, (id) => ownRow(deal, id)) }));
    } catch {
      outdated();
    }
  };
  /** All rows of the list or search, on every page; undefined if there are too many, or if `onProgress` returns false. */
  const everyRow = async (onProgress: (loaded: number) => boolean) => {
    const all = search ? await whole.load() : await wholeList(deal, status, onProgress);
    if (!all || search) return all && listedIn(all).filter(containing(await soughtIn(search)));
    return withOwn(deal, all.invites, { status, first: true, matches: () => true });
  };
  const refreshLater = useLater(refresh, LAG);
  useLayoutEffect(() => {
    const onMove = (before: Invite, after: Invite | undefined) => {
      setNumbers((old) => old && moved(old, before, after));
      refreshLater();
    };
    work.shown = { list: { ...list, reload }, onMove, onStale: () => void refresh(), onDone: refreshLater };
    return () => (work.shown = undefined);
  });
  useReturn(() => {
    if (numbers && Date.now() - numbers.at > FRESH) void reload();
  });
  const now = useNow();
  // Whose time is over has expired, or has answered since the list was loaded.
  const over = list.value?.invites.filter((row) => isOver(row, now)).map(({ id, sends }) => `${id} ${sends}`);
  useEffect(() => {
    if (over?.length) void refresh();
  }, [over?.join()]);
  const head = useLatest(list.value);
  const trail = useTrail(view, after, visit.trail, setTrail);
  const top = useRef<HTMLElement>(null);
  const go = (cursor: string | undefined) => {
    if (search) setSearch({ search, searchAfter: cursor, searchIn: status });
    else route(pathOf(deal, status, cursor));
    // The buttons are below the list.
    top.current?.scrollIntoView({ block: "nearest" });
  };

  if (list.problem?.code === "not_found") return <Missing />;
  if (!head) {
    return (
      <>
        <Heading title="Deal seats">Deal seats</Heading>
        {list.problem ? (
          <ListFailure problem={list.problem} onFirst={() => go(undefined)} reload={() => void reload()} />
        ) : (
          <Waiting what="Loading the deal" rows={5} />
        )}
      </>
    );
  }
  const active = head.deal.state === "active";
  return (
    <>
      <div class="head">
        <Heading title={`Deal seats: ${head.deal.name}`}>{`Deal seats: ${head.deal.name}`}</Heading>
        {active && (
          <a class="go" href={`/deals/${deal}/invite`}>
            Invite people
          </a>
        )}
      </div>
      <DealHead
        deal={head.deal}
        seats={numbers?.seats ?? head.seats}
        counts={numbers?.counts}
        {...(numbers &&
          (numbers.isStale || now - numbers.at > OLD) && { asOf: { ...numbers, isOld: !numbers.isStale } })}
      />
      <Unsent deal={head.deal} />
      {endsSoon(head.deal, now) && <Ending deal={head.deal} now={now} />}
      <nav ref={top} class="tabs" aria-label="Invitation status">
        {TABS.map(([name, label]) => (
          <a key={label} href={pathOf(deal, name, undefined)} {...(name === status && { "aria-current": "page" })}>
            {label}{" "}
            {numbers && name !== "removed" && (
              <span class={name === "asked" && active && numbers.counts.asked > 0 ? "state asked" : "soft"}>
                <Text>{tabCount(numbers.counts, name)}</Text>
              </span>
            )}
          </a>
        ))}
      </nav>
      <Invites
        key={status}
        {...{ deal, status, search }}
        list={{ ...list, reload }}
        large={whole.large}
        loaded={whole.loaded}
        counts={numbers?.counts}
        {...(removed && whole.page() && { size: whole.page()!.invites.length })}
        seats={numbers?.seats ?? head.seats}
        active={active}
        everyRow={everyRow}
        first={after === undefined}
        onSearch={(search) => setSearch({ search })}
        onFind={(search) => (route(pathOf(deal, undefined, undefined)), beginSearch(search))}
        onFirst={() => go(undefined)}
      />
      <Pages trail={trail} next={list.value?.nextCursor} go={go} />
    </>
  );
}

/** Numbers in view that are older say so, in milliseconds. */
const OLD = 300_000;
/** How far the index behind the counts may lag behind the manager's own action, in milliseconds. */
const LAG = 1000;

/** Runs `work` some milliseconds after the last call. */
function useLater(work: () => Promise<void>, wait: number) {
  const latest = useRef(work);
  latest.current = work;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void latest.current(), wait);
  };
}

/** The whole list, loaded once for all searches. `large`: there are too many invites for it. */
function useWholeList(deal: string, status: Filter | undefined, counts: Counts | undefined) {
  const known = useRef<Whole | undefined>(undefined);
  const [loaded, setLoaded] = useState<number>();
  const [tooLong, setTooLong] = useState<(Filter | undefined)[]>([]);
  const large =
    tooLong.includes(status) || (status === undefined && counts !== undefined && total(counts).count > MOST_SEARCHED);
  const load = async () => {
    if (large) return undefined;
    if (known.current?.status !== status) known.current = undefined;
    const current: Whole = (known.current ??= { status, list: wholeList(deal, status, setLoaded) });
    try {
      const list = await current.list;
      current.page = list;
      current.at = Date.now();
      if (!list) setTooLong((before) => [...before, status]);
      return list;
    } catch (error) {
      known.current = undefined;
      throw error;
    } finally {
      setLoaded(undefined);
    }
  };
  /** The list, if it is not older than some milliseconds. */
  const page = (age = Number.POSITIVE_INFINITY) => {
    const current = known.current;
    return current?.status === status && Date.now() - (current?.at ?? 0) < age ? current?.page : undefined;
  };
  return { large, loaded, page, load, forget: () => (known.current = undefined) };
}

/** `page`: the list, once it is loaded. `at`: when, in milliseconds. */
interface Whole {
  status: Filter | undefined;
  list: Promise<Page | undefined>;
  page?: Page | undefined;
  at?: number;
}

/** The last value, until the next is loaded: the seats stay visible when the tab changes. */
function useLatest<T>(value: T | undefined): T | undefined {
  const [latest, setLatest] = useState(value);
  if (value !== undefined && value !== latest) setLatest(value);
  return value ?? latest;
}

export function Missing() {
  return (
    <>
      <Heading title="Not found">Deal not found</Heading>
      <p>
        It may belong to another organisation, or the link may be incomplete. <a href="/deals">Go to your deals</a>
      </p>
    </>
  );
}
