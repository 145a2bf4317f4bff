/** The Deal seats page: seats, tabs, and the list of invites. */
import "./seats.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { getCounts, type Invite, type ListedStatus, listSeats, searchSeats } from "../api";
import { drop, keep, kept } from "../storage";
import { Heading } from "../ui/frame";
import { useLoad } from "../ui/load";
import { Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { DealHead } from "./deal-head";
import { Invites, ListFailure } from "./invites";
import { moved, type Numbers, tabCount } from "./numbers";
import { withOwn } from "./own";
import { Pages, useTrail } from "./paging";

const TABS: [ListedStatus | undefined, string][] = [
  [undefined, "All"],
  ["pending", "Pending"],
  ["accepted", "Accepted"],
  ["expired", "Expired"],
];

/** A page's path has its tab and cursor, but never an email address. */
function pathOf(deal: string, status: ListedStatus | undefined, after: string | undefined) {
  const query = new URLSearchParams({ ...(status && { status }), ...(after && { after }) }).toString();
  return `/deals/${deal}${query && `?${query}`}`;
}

export function SeatsPage({ deal }: { deal: string }) {
  return <Seats key={deal} deal={deal} />;
}

function Seats({ deal }: { deal: string }) {
  const { query, route } = useLocation();
  const status = TABS.find(([name]) => name === query.status)?.[0];
  // Stored in the tab, so that a reload returns to the search. Its cursor is not in the path either.
  const [search, setSearch] = useKept(`search:${deal}`);
  const [searchAfter, setSearchAfter] = useKept(`search-after:${deal}`);
  const after = search ? searchAfter || undefined : query.after || undefined;
  const view = `${status ?? ""}|${search}`;

  const [numbers, setNumbers] = useState<Numbers>();
  const list = useLoad(`${view}|${after ?? ""}`, async () => {
    // A search and a later page keep the numbers, which cost more to count than a page to load.
    const counting = !numbers || (!search && !after);
    const outdated = () => setNumbers((old) => old && { ...old, isStale: true });
    const [page, counts] = await Promise.all([
      search ? searchSeats(deal, search, { status, cursor: after }) : listSeats(deal, { status, cursor: after }),
      counting ? getCounts(deal).catch((error) => (numbers ? null : Promise.reject(error))) : undefined,
    ]).catch((error) => {
      outdated();
      throw error;
    });
    if (counts) setNumbers({ seats: page.seats, counts, at: Date.now(), isStale: false });
    else if (counts === null) outdated();
    const matches = (row: Invite) => row.email.toLowerCase().startsWith(search.toLowerCase());
    return { ...page, invites: withOwn(deal, page.invites, { status, first: after === undefined, matches }) };
  });
  useReturn(() => {
    if (numbers && Date.now() - numbers.at > FRESH) void list.reload();
  });
  const head = useLatest(list.value);
  const trail = useTrail(view, after);
  const go = (cursor: string | undefined) =>
    search ? setSearchAfter(cursor ?? "") : route(pathOf(deal, status, cursor));

  if (list.problem?.code === "not_found") return <Missing />;
  if (!head) {
    return (
      <>
        <Heading title="Deal seats">Deal seats</Heading>
        {list.problem ? (
          <ListFailure problem={list.problem} onFirst={() => go(undefined)} retry={() => void list.reload()} />
        ) : (
          <Waiting what="Loading the deal" rows={5} />
        )}
      </>
    );
  }
  return (
    <>
      <div class="head">
        <Heading title={`Deal seats: ${head.deal.name}`}>{`Deal seats: ${head.deal.name}`}</Heading>
        {head.deal.state === "active" && (
          <a class="go" href={`/deals/${deal}/invite`}>
            Invite people
          </a>
        )}
      </div>
      <DealHead
        deal={head.deal}
        seats={numbers?.seats ?? head.seats}
        counts={numbers?.counts}
        {...(numbers?.isStale && { asOf: numbers.at })}
      />
      <nav class="tabs" aria-label="Invitation status">
        {TABS.map(([name, label]) => (
          <a key={label} href={pathOf(deal, name, undefined)} {...(name === status && { "aria-current": "page" })}>
            {label}{" "}
            {numbers && (
              <span class="soft">
                <Text>{tabCount(numbers.counts, name)}</Text>
              </span>
            )}
          </a>
        ))}
      </nav>
      <Invites
        key={status}
        {...{ deal, status, search, list }}
        counts={numbers?.counts}
        onMove={(from, to) => setNumbers((old) => old && moved(old, from, to))}
        onSearch={(text) => (setSearch(text), setSearchAfter(""))}
        onFirst={() => go(undefined)}
      />
      <Pages trail={trail} next={list.value?.nextCursor ?? undefined} go={go} />
    </>
  );
}

/** How long the numbers of a tab in the background stay as they are, in milliseconds. */
const FRESH = 60_000;

/** Called when the person comes back to this browser tab. */
function useReturn(back: () => void) {
  const latest = useRef(back);
  latest.current = back;
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && latest.current();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
}

/** A text that survives a reload, but not another page. */
function useKept(name: string) {
  const [text, setText] = useState(() => kept(name) ?? "");
  useEffect(() => () => drop(name), []);
  const change = (text: string) => (setText(text), text ? keep(name, text) : drop(name));
  return [text, change] as const;
}

/** The last value, until the next is loaded: the seats stay visible when the tab changes. */
function useLatest<T>(value: T | undefined): T | undefined {
  const [latest, setLatest] = useState(value);
  if (value !== undefined && value !== latest) setLatest(value);
  return value ?? latest;
}

function Missing() {
  return (
    <>
      <Heading title="Not found">Deal not found</Heading>
      <p>
        It may belong to another organisation, or the link may be incomplete. <a href="/deals">Go to your deals</a>
      </p>
    </>
  );
}
