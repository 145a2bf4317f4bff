/** The Deal seats page: the three numbers, the tabs, and the list with what can be done about each invite. */
import "./seats.css";
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import {
  cancelInvite, type Counts, getCounts, getInvite, type Invite, listSeats, type ListedStatus, type Page, Problem, releaseSeat,
  resendInvite, searchSeats,
} from "../api";
import { confirm } from "../ui/confirm";
import { Heading } from "../ui/frame";
import { asProblem, type Loaded, useLoad } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure, Notice, Waiting } from "../ui/status";
import { useNow } from "../ui/when";
import { each, type Progress, resendExpired, resendRows } from "./bulk";
import { atLeast, DealHead } from "./deal-head";
import { InviteList, type RowActions } from "./list";
import { recordGone, recordRow, withOwn } from "./own";
import { canResend, isSending, NOT_RESENT } from "./words";

const TABS: [ListedStatus | undefined, string][] = [
  [undefined, "All"], ["pending", "Pending"], ["accepted", "Accepted"], ["expired", "Expired"],
];

/** The address of a page: its tab and its place, never an address of mail. */
function pathOf(deal: string, status: ListedStatus | undefined, after: string | undefined) {
  const query = new URLSearchParams({ ...(status && { status }), ...(after && { after }) }).toString();
  return `/deals/${deal}${query && `?${query}`}`;
}

export function SeatsPage({ deal }: { deal: string }) {
  return <Seats key={deal} deal={deal} />;
}

function Seats({ deal }: { deal: string }) {
  const { query, route } = useLocation();
  const status = TABS.find(([name]) => name === query["status"])?.[0];
  const [search, setSearch] = useState("");
  // A search has places of its own, which are not in the address: they were bound to what was looked for.
  const [searchAfter, setSearchAfter] = useState<string>();
  const after = search ? searchAfter : query["after"] || undefined;
  const view = `${status ?? ""}|${search}`;

  const counts = useLoad(deal, () => getCounts(deal));
  const list = useLoad(`${view}|${after ?? ""}`, async () => {
    const page = search ? await searchSeats(deal, search, { status, cursor: after }) : await listSeats(deal, { status, cursor: after });
    const matches = (row: Invite) => row.email.toLowerCase().startsWith(search.toLowerCase());
    return { ...page, invites: withOwn(deal, page.invites, { status, first: after === undefined, matches }) };
  });
  const head = useLatest(list.value);
  const trail = useTrail(view, after);
  const go = (cursor: string | undefined) => (search ? setSearchAfter(cursor) : route(pathOf(deal, status, cursor)));

  if (list.problem?.code === "not_found") return <Missing />;
  if (!head) {
    return (
      <>
        <Heading title="Deal seats">Deal seats</Heading>
        {list.problem ? <Failure problem={list.problem} retry={() => void list.reload()} /> : <Waiting what="Loading the deal" rows={5} />}
      </>
    );
  }
  return (
    <>
      <div class="head">
        <Heading title={`Deal seats: ${head.deal.name}`}>Deal seats: {head.deal.name}</Heading>
        {head.deal.state === "active" && <a role="button" href={`/deals/${deal}/invite`}>Invite people</a>}
      </div>
      <DealHead deal={head.deal} seats={head.seats} counts={counts.value} />
      <nav class="tabs" aria-label="Invitation status">
        {TABS.map(([name, label]) => (
          <a key={label} href={pathOf(deal, name, undefined)} {...(name === status && { "aria-current": "page" })}>
            {label} {counts.value && <span class="soft">{tabCount(counts.value, name)}</span>}
          </a>
        ))}
      </nav>
      <Invites
        key={view} {...{ deal, status, search, list, counts }}
        onSearch={(text) => (setSearch(text), setSearchAfter(undefined))}
        onFirst={() => go(undefined)}
      />
      <Pages trail={trail} next={list.value?.nextCursor ?? undefined} go={go} />
    </>
  );
}

/** The last that was there, while the next is loaded: numbers do not vanish when a tab is changed. */
function useLatest<T>(value: T | undefined): T | undefined {
  const [latest, setLatest] = useState(value);
  if (value !== undefined && value !== latest) setLatest(value);
  return value ?? latest;
}

function tabCount({ pending, accepted, expired, exactUpTo }: Counts, status: ListedStatus | undefined): string {
  // Accepted ones are the allocated seats: always exact.
  if (status === "accepted") return number(accepted);
  if (status) return atLeast({ pending, expired }[status], exactUpTo);
  const all = Math.min(pending, exactUpTo) + accepted + Math.min(expired, exactUpTo);
  return number(all) + (pending > exactUpTo || expired > exactUpTo ? "+" : "");
}

/** The places that were passed on the way here: a cursor leads on, not back. */
function useTrail(view: string, after: string | undefined) {
  const [trail, setTrail] = useState<{ view: string; places: (string | undefined)[] }>({ view, places: [after] });
  let places = trail.view === view ? trail.places : [after];
  if (!places.includes(after)) places = after === undefined ? [after] : [...places, after];
  if (trail.view !== view || trail.places !== places) setTrail({ view, places });
  const index = places.indexOf(after);
  return { index, fromStart: places[0] === undefined, previous: index > 0, places };
}

function Pages({ trail, next, go }: {
  trail: ReturnType<typeof useTrail>;
  next: string | undefined;
  go: (cursor: string | undefined) => void;
}) {
  const { index, fromStart, previous, places } = trail;
  if (index === 0 && fromStart && next === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages of the list">
      {previous ? (
        <button type="button" class="secondary outline small" onClick={() => go(places[index - 1])}>Previous page</button>
      ) : !fromStart && (
        <button type="button" class="secondary outline small" onClick={() => go(undefined)}>First page</button>
      )}
      {fromStart && <span class="soft">Page {index + 1}</span>}
      {next !== undefined && <button type="button" class="secondary outline small" onClick={() => go(next)}>Next page</button>}
    </nav>
  );
}

/** Something to tell after an action, in place. */
type Said = { tone: "good" | "bad" | "plain"; text: string } | { problem: Problem; retry?: () => void };
/** Work on many that is under way. */
interface Run {
  what: string;
  done: number;
  total: number | undefined;
}

function Invites({ deal, status, search, list, counts, onSearch, onFirst }: {
  deal: string;
  status: ListedStatus | undefined;
  search: string;
  list: Loaded<Page>;
  counts: Loaded<Counts>;
  onSearch: (text: string) => void;
  onFirst: () => void;
}) {
  const now = useNow();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const [said, setSaid] = useState<Said>();
  const [run, setRun] = useState<Run>();
  const [stop] = useState({ asked: false });
  const page = list.value;
  const rows = page?.invites ?? [];
  const chosen = rows.filter((row) => picked.has(row.id));
  const resendable = chosen.filter(canResend);

  const tell = (tone: "good" | "bad" | "plain", text: string) => setSaid({ tone, text });

  /** Puts a row in the place of an older view of it, or takes it away, and the numbers with it. */
  const settle = (before: Invite, after: Invite | undefined) => {
    if (after) recordRow(deal, after);
    else recordGone(deal, before);
    list.update((page) => ({
      ...page,
      seats: moveSeat(page.seats, before.status, after?.status),
      invites: page.invites.flatMap((row) => (row.id !== before.id ? [row] : after ? [after] : [])),
    }));
    if (before.status !== after?.status) counts.update((counts) => moveCount(counts, before.status, after?.status));
    if (!after) setPicked(without(picked, before.id));
  };

  /** What an action was refused for: the row as it is now, and the words. */
  const refused = async (row: Invite, problem: Problem, again: () => void) => {
    if (problem.code !== "stale" && problem.code !== "already_accepted" && problem.code !== "not_found") {
      return setSaid({ problem, retry: again });
    }
    if (problem.code !== "not_found") settle(row, listed(await getInvite(deal, row.id)));
    const text = {
      stale: `Something changed about ${row.email} meanwhile. The row shows it as it is now.`,
      already_accepted: `${row.email} has accepted meanwhile and holds a seat.`,
      not_found: `There is no invite to ${row.email} any more.`,
    }[problem.code];
    tell("plain", text);
  };

  const act = async (row: Invite, again: () => void, action: () => Promise<void>) => {
    if (busy.has(row.id)) return;
    setBusy((busy) => new Set(busy).add(row.id));
    setSaid(undefined);
    try {
      await action();
    } catch (error) {
      await refused(row, asProblem(error), again).catch((error) => setSaid({ problem: asProblem(error) }));
    } finally {
      setBusy((busy) => without(busy, row.id));
    }
  };

  const actions: RowActions = {
    pick: (row, on) => setPicked(on ? new Set(picked).add(row.id) : without(picked, row.id)),
    resend: (row) => act(row, () => actions.resend(row), async () => {
      settle(row, await resendInvite(deal, row));
      tell("good", `A new invite to ${row.email} is on its way. Older links no longer work.`);
    }),
    cancel: async (row) => {
      const sure = await confirm({
        title: `Cancel the invite to ${row.email}?`,
        body: <p>{person(row)} can no longer accept: the link in the mail stops working. You can invite them again at any time.</p>,
        action: "Cancel invite",
        keep: "Keep invite",
      });
      if (!sure) return;
      await act(row, () => actions.cancel(row), async () => {
        await cancelInvite(deal, row);
        settle(row, undefined);
        tell("good", `The invite to ${row.email} is cancelled.`);
      });
    },
    release: async (row) => {
      const sure = await confirm({
        title: `De-allocate the seat of ${row.email}?`,
        body: (
          <p>
            {person(row)} loses the seat and with it access to {page?.deal.name}. The seat becomes available. To have it
            again, they need a new invite.
          </p>
        ),
        action: "De-allocate seat",
        keep: "Keep seat",
      });
      if (!sure) return;
      await act(row, () => actions.release(row), async () => {
        await releaseSeat(deal, row);
        settle(row, undefined);
        tell("good", `${row.email} no longer has a seat. It is available again.`);
      });
    },
  };

  /** Runs work on many, with its progress in sight, and shows what is true afterwards. */
  const work = async (what: string, total: number | undefined, job: (watch: (done: number) => boolean) => Promise<Said>) => {
    stop.asked = false;
    setSaid(undefined);
    setRun({ what, done: 0, total });
    let said: Said;
    try {
      said = await job((done) => {
        setRun({ what, done, total });
        announce(total ? `${number(done)} of ${number(total)}` : number(done));
        return !stop.asked;
      });
    } catch (error) {
      said = { problem: asProblem(error) };
    }
    setRun(undefined);
    setPicked(new Set());
    setSaid(said);
    await Promise.all([list.reload(), counts.reload()]);
  };

  const resendPicked = () =>
    work("Resending", resendable.length, async (watch) => resendSummary(await resendRows(deal, resendable, ({ done }) => watch(done)), stop.asked));

  const resendAll = async () => {
    const { expired, exactUpTo } = counts.value ?? { expired: 0, exactUpTo: 0 };
    const exact = expired <= exactUpTo;
    const many = atLeast(expired, exactUpTo, (count) => counted(count, "expired invite"));
    const sure = await confirm({
      title: `Resend ${many}?`,
      body: <p>Each gets a new mail with a new link and four new weeks. Their older links stay without use.</p>,
      action: "Resend all",
    });
    if (!sure) return;
    await work("Resending", exact ? expired : undefined, async (watch) =>
      resendSummary(await resendExpired(deal, ({ done }) => watch(done)), stop.asked));
  };

  const cancelPicked = async () => {
    const many = counted(chosen.length, "invite");
    const sure = await confirm({
      title: `Cancel ${many}?`,
      body: (
        <>
          <p>These people can no longer accept: the links in their mails stop working.</p>
          <ul class="people">{chosen.map((row) => <li key={row.id}>{row.email}</li>)}</ul>
        </>
      ),
      action: `Cancel ${many}`,
      keep: "Keep them",
    });
    if (!sure) return;
    await work("Cancelling", chosen.length, async (watch) => {
      let done = 0;
      const failed = await each(chosen, async (row) => {
        await cancelInvite(deal, row);
        recordGone(deal, row);
        done += 1;
      }, watch);
      const text = `${counted(done, "invite")} cancelled.`;
      if (failed.length === 0) return { tone: "good", text };
      return { tone: "plain", text: `${text} Not cancelled, as they changed meanwhile: ${failed.map(({ row }) => row.email).join(", ")}.` };
    });
  };

  useSendingRows(deal, rows, (before, after) => settle(before, listed(after)));

  const pickable = rows.filter((row) => row.status !== "accepted");
  const allPicked = pickable.length > 0 && pickable.every((row) => picked.has(row.id));
  return (
    <section aria-label="Invites">
      <div class="tools">
        <Search text={search} onSearch={onSearch} />
        {status === "expired" && !search && rows.length > 0 && (
          <button type="button" class="secondary outline" disabled={run !== undefined} onClick={() => void resendAll()}>Resend all expired</button>
        )}
      </div>
      <div aria-live="polite">
        {run && (
          <Notice>
            <p>{run.what}: {number(run.done)} {run.total !== undefined && `of ${number(run.total)}`}</p>
            <progress max={run.total} {...(run.total !== undefined && { value: run.done })} aria-label={run.what} />
            <p class="actions"><button type="button" class="secondary outline small" onClick={() => (stop.asked = true)}>Stop</button></p>
          </Notice>
        )}
        {said && ("problem" in said
          ? <Failure problem={said.problem} {...(said.retry && { retry: said.retry })} />
          : <Notice tone={said.tone} onClose={() => setSaid(undefined)}><p>{said.text}</p></Notice>)}
      </div>
      {list.problem && (
        list.problem.code === "invalid_request" && !search
          ? <Notice><p>This place in the list is no longer known. <button type="button" class="link" onClick={onFirst}>Go to the first page</button></p></Notice>
          : <Failure problem={list.problem} retry={() => void list.reload()} />
      )}
      {pickable.length > 0 && (
        <div class="actions bulk">
          <label class="check">
            <input
              type="checkbox" checked={allPicked}
              onChange={(event) => setPicked(new Set(event.currentTarget.checked ? pickable.map(({ id }) => id) : []))}
            />
            Select all on this page
          </label>
          {chosen.length > 0 && (
            <>
              <span class="soft">{number(chosen.length)} selected</span>
              <button type="button" class="secondary outline small" disabled={run !== undefined || resendable.length === 0} onClick={() => void resendPicked()}>
                Resend selected
              </button>
              <button type="button" class="secondary outline small" disabled={run !== undefined} onClick={() => void cancelPicked()}>
                Cancel selected
              </button>
            </>
          )}
        </div>
      )}
      {page && rows.length > 0 && <InviteList {...{ rows, picked, busy, now, actions }} />}
      {page && rows.length === 0 && <Empty {...{ deal, status, search }} active={page.deal.state === "active"} more={page.nextCursor !== null} />}
      {!page && list.loading && <Waiting what="Loading invites" rows={6} />}
    </section>
  );
}

function Search({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  // Each letter is a request: wait until the person pauses.
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => onSearch(typed.trim()), 300);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return (
    <label class="find">
      Address begins with
      <input type="search" autocomplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
    </label>
  );
}

const EMPTY: Record<ListedStatus, string> = {
  pending: "Nobody has an invite that is waiting for an answer.",
  accepted: "Nobody has accepted yet.",
  expired: "No invite has expired.",
};

function Empty({ deal, status, search, active, more }: {
  deal: string;
  status: ListedStatus | undefined;
  search: string;
  active: boolean;
  more: boolean;
}) {
  if (more) return <p class="soft">Nothing is left on this page. Go on to the next.</p>;
  if (search) return <p class="soft">No address here begins with that. Only the beginning of an address is looked at.</p>;
  if (status) return <p class="soft">{EMPTY[status]}</p>;
  return (
    <p>
      Nobody has been invited yet. {active && <a href={`/deals/${deal}/invite`}>Invite the first people</a>}
    </p>
  );
}

function Missing() {
  return (
    <>
      <Heading title="Not found">There is no such deal</Heading>
      <p>It may belong to another organisation, or the link is not complete. <a href="/deals">Go to your deals</a></p>
    </>
  );
}

/** How often rows whose mail is on its way are looked at again, in milliseconds: less and less. */
const LOOKS = [1500, 3000, 5000, 10_000, 20_000, 30_000];
/** How many of them at once. */
const LOOK_AT = 10;

/** Watches what is being sent until it was, while the page is in sight. */
function useSendingRows(deal: string, rows: Invite[], settle: (before: Invite, after: Invite) => void) {
  const [look, setLook] = useState(0);
  const sending = rows.filter(isSending);
  const which = sending.map(({ id, sends }) => id + sends).join();
  useEffect(() => setLook(0), [which]);
  useEffect(() => {
    if (sending.length === 0) return;
    const timer = setTimeout(async () => {
      setLook(look + 1);
      if (document.hidden) return;
      await Promise.all(sending.slice(0, LOOK_AT).map(async (row) => {
        const seen = await getInvite(deal, row.id).catch(() => undefined);
        if (seen && seen.sends >= row.sends && !isSending(seen)) settle(row, seen);
      }));
    }, LOOKS[Math.min(look, LOOKS.length - 1)]);
    return () => clearTimeout(timer);
  }, [which, look]);
}

/** A row, unless it has left the page. */
const listed = (row: Invite) => (row.status === "cancelled" || row.status === "released" ? undefined : row);

const person = (row: Invite) => (row.name ? `${row.name} (${row.email})` : row.email);

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const rest = new Set(set);
  rest.delete(id);
  return rest;
}

type Status = Invite["status"] | undefined;

function moveSeat(seats: Page["seats"], from: Status, to: Status) {
  const change = Number(to === "accepted") - Number(from === "accepted");
  return { ...seats, allocated: seats.allocated + change, available: seats.available - change };
}

function moveCount(counts: Counts, from: Status, to: Status): Counts {
  const moved = { ...counts };
  const move = (status: Status, by: number) => {
    if (status !== "pending" && status !== "accepted" && status !== "expired") return;
    // Above the bound the number itself is not known.
    if (status === "accepted" || moved[status] <= counts.exactUpTo) moved[status] += by;
  };
  move(from, -1);
  move(to, 1);
  return moved;
}

function resendSummary({ done, tally }: Progress, stopped: boolean): Said {
  const resent = tally.get("resent") ?? 0;
  const parts = [`${counted(resent, "invite")} resent.`];
  for (const [outcome, count] of tally) {
    if (outcome !== "resent") parts.push(`${number(count)} ${NOT_RESENT[outcome]}.`);
  }
  if (stopped) parts.push("Stopped there; the others are as they were.");
  return { tone: resent === done && !stopped ? "good" : "plain", text: parts.join(" ") };
}
