/** The Deal seats page: seats, tabs, and the list of invites. */
import "./seats.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { getCounts, type Invite, type ListedStatus, listSeats, searchSeats } from "../api";
import { Heading } from "../ui/frame";
import { useLoad } from "../ui/load";
import { Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { DealHead } from "./deal-head";
import { Invites, ListFailure } from "./invites";
import { tabCount } from "./numbers";
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
  const [search, setSearch] = useState("");
  // A search's cursor is bound to the search text, and so is not in the path either.
  const [searchAfter, setSearchAfter] = useState<string>();
  const after = search ? searchAfter : query.after || undefined;
  const view = `${status ?? ""}|${search}`;

  const counts = useLoad(deal, () => getCounts(deal));
  const list = useLoad(`${view}|${after ?? ""}`, async () => {
    const page = search
      ? await searchSeats(deal, search, { status, cursor: after })
      : await listSeats(deal, { status, cursor: after });
    const matches = (row: Invite) => row.email.toLowerCase().startsWith(search.toLowerCase());
    return { ...page, invites: withOwn(deal, page.invites, { status, first: after === undefined, matches }) };
  });
  // Another tab shows current counts.
  const tab = useRef(status);
  useEffect(() => {
    if (tab.current !== status) void counts.reload();
    tab.current = status;
  }, [status]);
  const head = useLatest(list.value);
  const trail = useTrail(view, after);
  const go = (cursor: string | undefined) => (search ? setSearchAfter(cursor) : route(pathOf(deal, status, cursor)));

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
      <DealHead deal={head.deal} seats={head.seats} counts={counts.value} />
      <nav class="tabs" aria-label="Invitation status">
        {TABS.map(([name, label]) => (
          <a key={label} href={pathOf(deal, name, undefined)} {...(name === status && { "aria-current": "page" })}>
            {label}{" "}
            {counts.value && (
              <span class="soft">
                <Text>{tabCount(counts.value, name)}</Text>
              </span>
            )}
          </a>
        ))}
      </nav>
      <Invites
        key={status}
        {...{ deal, status, search, list, counts }}
        onSearch={(text) => (setSearch(text), setSearchAfter(undefined))}
        onFirst={() => go(undefined)}
      />
      <Pages trail={trail} next={list.value?.nextCursor ?? undefined} go={go} />
    </>
  );
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
