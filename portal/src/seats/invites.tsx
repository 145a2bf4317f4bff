/** A deal's invites, with actions on one row, on the selected rows and on a whole list. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { Counts, Filter, Invite, Seats } from "../api";
import { asRecipient, keepTyped } from "../invite/draft";
import { MailHelp } from "../invite/mail-help";
import type { Loaded } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { resendRows } from "./bulk";
import { Empty } from "./empty";
import { InviteList } from "./list";
import { ListFailure } from "./list-failure";
import { Messages, useMessageFocus } from "./messages";
import { exactCount, total } from "./numbers";
import { offered } from "./offers";
import { actionsOnOne } from "./one";
import { type Open, showing } from "./open";
import { known } from "./own";
import { Found, Search } from "./search";
import { SelectionBar, useSelection } from "./selection";
import { useSendingRows } from "./sending";
import { actionsOnMany, againAfter, canLoadAll, useInterrupted } from "./several";
import { Waiters } from "./waiters";
import { type Listed, WHO_STOPPED } from "./whole";
import { canInviteAgain, canResend, isOpen, isOptedOut, isWaiting } from "./words";
import { workOn } from "./work";

export function Invites({
  deal,
  status,
  search,
  large,
  loaded,
  list,
  counts,
  size: listSize,
  seats,
  active,
  first,
  everyRow,
  onSearch,
  onFind,
  onFirst,
}: {
  deal: string;
  status: Filter | undefined;
  search: string;
  /** Whether the deal has too many invites for a search of the whole list. */
  large: boolean;
  /** How many invites are loaded for a search. */
  loaded: number | undefined;
  list: Loaded<Listed>;
  counts: Counts | undefined;
  /** How many invites the list of removed ones has, if a search has loaded it: they are not counted. */
  size?: number;
  seats: Seats;
  /** Whether the deal is active. */
  active: boolean;
  /** Whether the page is the first of the list. */
  first: boolean;
  /** All rows of the list or search; undefined if there are too many, or if `onProgress` returns false. */
  everyRow: (onProgress: (loaded: number) => boolean) => Promise<Invite[] | undefined>;
  onSearch: (text: string) => void;
  /** Searches for the invite of an address in the list of all. */
  onFind: (email: string) => void;
  onFirst: () => void;
}) {
  const now = useNow();
  const { route } = useLocation();
  const [typed, setTyped] = useState(search);
  const field = useRef<HTMLInputElement>(null);
  const work = workOn(deal);
  const [busy, run] = [work.busy.value, work.run.value];
  /** Whether no action on many invites can begin. */
  const occupied = run !== undefined || work.unfinished.value !== undefined;
  useEffect(() => () => work.leaveList(), [search]);
  // If a link searched another list, the link has gone.
  useLayoutEffect(() => {
    if (search && !work.sought && document.activeElement === document.body) field.current?.focus();
  }, []);
  const focus = useMessageFocus(work);
  const page = list.value;
  const rows = (page?.invites ?? []).map(known);
  // Not in the search: on a phone, a keyboard would hide the row.
  useLayoutEffect(() => {
    if (!work.sought || !page) return;
    const id = rows.find(({ email }) => email === work.sought)?.id;
    work.sought = undefined;
    const row = document.getElementById(`place-${id}`)?.closest("tr");
    (row?.querySelector<HTMLElement>(".act button") ?? field.current)?.focus();
    row?.scrollIntoView({ block: "center" });
  }, [page]);
  const selection = useSelection(status, search, rows);
  const { chosen, elsewhere } = selection;
  const paged = !first || !!page?.nextCursor;
  const dealState = { available: seats.available, offered: offered(deal).length, active, endsAt: page?.deal.endsAt };
  const waiting = rows.filter(isWaiting).length;
  const searchFor = (text: string) => {
    setTyped(text);
    onSearch(text);
    field.current?.focus();
  };
  const clearSearch = () => searchFor("");
  const toInvitePage = (rows: Invite[]) => {
    keepTyped(deal, rows.map(asRecipient).join("\n"));
    route(`/deals/${deal}/invite`);
  };

  const open: Open = {
    ...{ deal, status, work, list, everyRow, counts, seats, active, dealState },
    searched: search !== "",
    size: search ? page?.found : ((counts && exactCount(counts, status)) ?? listSize),
    gone: (row, next) => {
      focus.neighbour.current = next;
      selection.drop(row);
    },
  };
  const { saw } = showing(open);
  const { runBulk, resend, cancel, withEvery, resendEach, inviteAgain, exportList } = actionsOnMany(open, {
    unselect: selection.clear,
    toInvitePage,
  });
  const actions = actionsOnOne(open, {
    pick: selection.pick,
    find: (email) => {
      work.sought = email;
      onFind(email);
    },
    again: (row) => run || void inviteAgain([row]),
  });
  useInterrupted(work, runBulk);

  // Too many removed invites are shown as they are.
  const isSearched = search !== "" && !(large && status === "removed");
  /** What a download saves, if a search narrows the list. */
  const saved = page?.found === undefined ? "the whole list" : counted(page.found, "invite");

  useSendingRows(deal, rows, saw);

  return (
    <section aria-label="Invites">
      {active && counts && (
        <Waiters
          {...{ deal, counts, seats, rows }}
          isList={status === "asked" && first && !search}
          busy={occupied}
          // Beside the button stands the name of one person. A question names more of them.
          onResend={(rows) => void (rows.length > 1 ? resend(rows) : runBulk(resendRows(deal, rows)))}
          onSee={clearSearch}
        />
      )}
      <div class="tools">
        <Search {...{ field, typed, large, onSearch }} text={search} removed={status === "removed"} onType={setTyped} />
        {page && rows.length > 0 && (
          <button
            type="button"
            class="secondary outline"
            disabled={run !== undefined}
            onClick={() => void exportList(page.deal)}
          >
            <Text>{isSearched ? `Download CSV of ${saved}` : "Download CSV"}</Text>
          </button>
        )}
        {active && (status === "expired" || status === "pending") && !search && rows.some(canResend) && (
          <button type="button" class="secondary outline" disabled={occupied} onClick={() => void resendEach(status)}>
            <Text>{`Resend all ${status}`}</Text>
          </button>
        )}
        {active && status === "removed" && (paged || rows.some(canInviteAgain)) && (
          <button
            type="button"
            class="secondary outline"
            disabled={run !== undefined}
            onClick={() => void inviteAgain()}
          >
            {page?.found === undefined ? "Invite all again" : "Invite all found again"}
          </button>
        )}
      </div>
      {isSearched && page && <Found page={page} onClear={clearSearch} />}
      {!large && search !== WHO_STOPPED && rows.some(isOptedOut) && (
        <p class="soft found">
          <button type="button" class="link" onClick={() => searchFor(WHO_STOPPED)}>
            Show who stopped invites
          </button>
        </p>
      )}
      {status === "removed" && (
        <p class="soft">Cancelled, corrected or de-allocated in the last 30 days. Seatkeeper keeps no names of them.</p>
      )}
      {waiting > 0 && (
        <Notice tone="warn">
          <Text>
            {`${counted(waiting, "email on this page has", "emails on this page have")} waited for more than 15 minutes. The email service is slow, or sending is paused. Seatkeeper keeps trying: you do not need to resend.`}
          </Text>
        </Notice>
      )}
      {rows.some((row) => row.status === "pending") && <MailHelp />}
      <Messages
        {...{ work, focus, dealState }}
        againAfter={(bulk) => againAfter(open, bulk)}
        onAgain={toInvitePage}
        onFind={actions.find}
        onContinue={(bulk) => void runBulk(bulk)}
      />
      {list.problem && (
        <ListFailure problem={list.problem} onFirst={search ? undefined : onFirst} reload={() => void list.reload()} />
      )}
      {(rows.some(isOpen) || elsewhere > 0) && (
        <SelectionBar
          {...{ selection, rows, paged, active, occupied }}
          whole={canLoadAll(open)}
          running={run !== undefined}
          onEvery={() => void withEvery(selection.add)}
          onResend={() => void resend(chosen)}
          onCancel={() => void cancel(chosen)}
        />
      )}
      {page && rows.length > 0 && (
        <InviteList
          {...{ deal, rows, busy, dealState, now, actions }}
          picked={selection.picked}
          pickable={status !== "accepted" && status !== "removed"}
        />
      )}
      {page && rows.length === 0 && (
        <Empty {...{ deal, status, search, large, active }} first={first} more={page.nextCursor !== null} />
      )}
      {!page && list.loading && loaded !== undefined && (
        <p class="soft" role="status">
          <Text>{searching(loaded, counts)}</Text>
        </p>
      )}
      {!page && list.loading && <Waiting what="Loading invites" rows={6} />}
    </section>
  );
}

/** The progress of loading the whole list, with the total if it is exact. */
function searching(loaded: number, counts: Counts | undefined): string {
  const { count, exact } = counts ? total(counts) : { count: 0, exact: false };
  return `Loading the list to search it: ${number(loaded)}${exact ? ` of ${number(count)}` : ""}`;
}
