/** A deal's invites, with actions on one row, on the selected rows and on a whole list. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import {
  type Counts,
  cancelInvite,
  correctInvite,
  type Deal,
  type Filter,
  getInvite,
  type Invite,
  type InviteDetail,
  Problem,
  releaseSeat,
  resendInvite,
  type Seats,
} from "../api";
import { asRecipient, keepTyped } from "../invite/draft";
import { MailHelp } from "../invite/mail-help";
import { download } from "../invite/result-file";
import { shortDate } from "../time";
import { confirm } from "../ui/confirm";
import { asProblem, type Loaded } from "../ui/load";
import { People } from "../ui/people";
import { counted, number } from "../ui/seat-numbers";
import { Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { type Bulk, cancelRows, isRecent, leftOut, resendListed, resendRows } from "./bulk";
import { whatEnds } from "./cancelling";
import { editedCorrection } from "./correction";
import { Corrections, detailsOf, recordReplacement, toInviteAgain } from "./details";
import { Empty } from "./empty";
import { Export, fileName } from "./export";
import { InviteList, type RowActions } from "./list";
import { ListFailure } from "./list-failure";
import { doneByMe, sentTo } from "./lost";
import { After, NO_SEAT, notDone, ResendQuestion, SeatsLeft, summary, Unfinished, whoIsReached } from "./many";
import { type Done, meantime, noBefore } from "./meantime";
import { exactCount, tabCount, total } from "./numbers";
import { offered, recordOffers, withdrawOffers } from "./offers";
import { known, recordDetail, recordGone, recordRow, recordSeen, recordTold } from "./own";
import { Found, Search } from "./search";
import { useSendingRows } from "./sending";
import { Waiters } from "./waiters";
import { type Listed, MOST_SEARCHED, WHO_STOPPED } from "./whole";
import {
  canInviteAgain,
  canResend,
  declinedOn,
  hasDeclined,
  howStopped,
  isAsked,
  isCorrected,
  isOpen,
  isOptedOut,
  isRemoved,
  isUndelivered,
  isWaiting,
  optedOutOrSpam,
  placeOf,
  STOPPED,
  type Told,
} from "./words";
import { type Message, type Run, workOn } from "./work";

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
  const [picked, setPicked] = useState<ReadonlyMap<string, Invite>>(new Map());
  /** How many people who said no the last “Select all” did not select. */
  const [skipped, setSkipped] = useState(0);
  const [typed, setTyped] = useState(search);
  const field = useRef<HTMLInputElement>(null);
  const work = workOn(deal);
  const { lost } = work;
  const [busy, message, run] = [work.busy.value, work.message.value, work.run.value];
  const unfinished = run ? undefined : work.unfinished.value;
  /** Whether no action on many invites can begin. */
  const occupied = run !== undefined || unfinished !== undefined;
  const setMessage = (message: Message | undefined) => {
    work.message.value = message;
  };
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    setSkipped(0);
    return () => work.leaveList();
  }, [search]);
  // If a link searched another list, the link has gone.
  useLayoutEffect(() => {
    if (search && !work.sought && document.activeElement === document.body) field.current?.focus();
  }, []);
  /** What had the focus when the message came. */
  const focused = useRef<Element>(null);
  /** The row that follows the one that has gone, or else the one before it. */
  const neighbour = useRef<string>(undefined);
  /** Of a row that has gone, the focus moves to its neighbour; without one, to the message. */
  const focusNeighbour = (options?: FocusOptions) =>
    (document.getElementById(`row-${neighbour.current}`) ?? place.current)?.focus(options);
  useLayoutEffect(() => {
    if (!message && !unfinished) return;
    if (document.activeElement === document.body) focusNeighbour();
    focused.current = document.activeElement;
  }, [message, unfinished]);
  /** A message that was closed gives the focus back. A mouse leaves the page where it is. */
  const dismissed = (event?: MouseEvent) => {
    if (!event) return;
    const options = { preventScroll: event.detail > 0 };
    if (focused.current instanceof HTMLElement && focused.current.isConnected) focused.current.focus(options);
    else focusNeighbour(options);
  };
  const close = (event?: MouseEvent) => {
    setMessage(undefined);
    dismissed(event);
  };
  const page = list.value;
  const rows = (page?.invites ?? []).map(known);
  const onPage = new Map(rows.map((row) => [row.id, row]));
  // Not in the search: on a phone, a keyboard would hide the row.
  useLayoutEffect(() => {
    if (!work.sought || !page) return;
    const id = rows.find(({ email }) => email === work.sought)?.id;
    work.sought = undefined;
    const row = document.getElementById(`place-${id}`)?.closest("tr");
    (row?.querySelector<HTMLElement>(".act button") ?? field.current)?.focus();
    row?.scrollIntoView({ block: "center" });
  }, [page]);
  /** The selected rows, also those of other pages. */
  const chosen = [...picked.values()].map((row) => onPage.get(row.id) ?? row).filter(isOpen);

  /** How many invites the list or search has, if that is known. */
  const size = search ? page?.found : ((counts && exactCount(counts, status)) ?? listSize);
  /** Whether every row of it can be loaded. */
  const whole = size !== undefined && size <= MOST_SEARCHED;
  const paged = !first || !!page?.nextCursor;
  const dealState = { available: seats.available, offered: offered(deal).length, active, endsAt: page?.deal.endsAt };
  const waiting = rows.filter(isWaiting).length;
  /** Whether the person waits for a seat, and a new link cannot accept either. */
  const waitsForSeat = (row: Invite) => seats.available === 0 && isAsked(row) && row.askedFor === "seat";

  const tell = (tone: "good" | "bad" | "plain", text: string) => setMessage({ tone, text, ofList: true });
  const select = (rows: ReadonlyMap<string, Invite>, skipped = 0) => {
    setPicked(rows);
    setSkipped(skipped);
  };
  const searchFor = (text: string) => {
    setTyped(text);
    onSearch(text);
    field.current?.focus();
  };
  const clearSearch = () => searchFor("");

  const showRow = (before: Invite, after: Invite | undefined, record = recordSeen) => {
    if (after?.id !== before.id) {
      recordGone(deal, before);
      const shown = work.shown?.list.value?.invites ?? [];
      const at = shown.findIndex(({ id }) => id === before.id);
      neighbour.current = after?.id ?? (shown[at + 1] ?? shown[at - 1])?.id;
    }
    if (after) record(deal, after);
    work.shown?.list.update((page) => ({
      ...page,
      invites: page.invites.flatMap((row) => (row.id !== before.id ? [row] : after ? [after] : [])),
    }));
    if (after?.id !== before.id) setPicked((picked) => unpicked(picked, [before]));
  };
  /** Replaces or removes a row after the manager's own action, and updates the numbers. */
  const replaceRow = (before: Invite, after: Invite | undefined) => {
    showRow(before, after, recordRow);
    if (after?.id !== before.id) withdrawOffers(deal, [before]);
    if (after && isAsked(before) && !isAsked(after)) recordOffers(deal, [after], seats, counts);
    work.shown?.onMove(before, after);
  };
  /** The same for a change from elsewhere: other rows and the numbers are old as well. */
  const replaceStale = (before: Invite, after: Invite | undefined) => {
    showRow(before, after);
    work.shown?.onStale();
  };
  /** Says which address a correction went to. If that cannot be found out, the row says that there was a correction. */
  const findReplacement = async (detail: InviteDetail) => {
    await recordReplacement(new Corrections(deal), detail).catch(() => undefined);
    list.update((page) => ({ ...page }));
  };
  /** Shows a row that was read again. */
  const saw = (before: Invite, detail: InviteDetail) => {
    const corrected = isCorrected(detail);
    recordDetail(detail);
    // The new invite may be removed after it was found.
    if (corrected && !known(detail).isNewRemoved) void findReplacement(detail);
    const after = listed(detail);
    const isCounted = (row: Invite) => [row.status, isUndelivered(row), isAsked(row)].join();
    // A removed row keeps its place in the list of the removed.
    if (!listed(before)) {
      return list.update((page) => ({
        ...page,
        invites: page.invites.map((row) => (row.id === detail.id ? detail : row)),
      }));
    }
    if (!after || isCounted(after) !== isCounted(before)) replaceStale(before, after);
    else showRow(before, after);
  };

  /** Finds out whether an action whose answer was lost is done, or why it was refused, and shows the row's current state. */
  const refused = async (action: Action, problem: Problem) => {
    const { row, what, did, to } = action;
    const attempt = [did, row.id, row.sends, to].join(" ");
    if (problem.isLost) lost.add(attempt);
    // A complaint is an opt-out too. Only details say of one by another invite's email.
    const { code, status } = problem;
    const saidNo = did === "resent" && (code === "opted_out" || code === "complained");
    if (saidNo) recordTold(row, { optedOut: true });
    const detail = saidNo && (await getInvite(deal, row.id).catch(() => undefined));
    if (detail) saw(row, detail);
    // The API's own words know nothing of spam.
    const shown = code === "opted_out" ? new Problem(code, optedOutOrSpam(), { status }) : problem;
    const fail = (how: string) =>
      setMessage({
        problem: shown,
        text: `The ${what} ${how}.`,
        ...(problem.temporary && { retry: () => void act(action) }),
        ofList: true,
      });
    if (!problem.isLost && !["stale", "already_accepted", "not_found"].includes(code)) {
      if (code === "deal_ended") void work.shown?.list.reload();
      return fail("failed");
    }
    const now = await getInvite(deal, row.id).catch((error) => {
      if (asProblem(error).code === "not_found") return undefined;
      throw error;
    });
    if (now && lost.has(attempt) && doneByMe(did, row, now)) {
      return action.done(to && isCorrected(now) ? await sentTo(deal, to) : listed(now), FIRST);
    }
    replaceStale(row, now && listed(now));
    if (problem.isLost && now?.sends === row.sends && now.status === row.status) return fail("has not gone through");
    tell("plain", meantime(did, row, now));
  };

  /** The same. If the current state cannot be loaded, a retry of a refused action loads it again, and does not repeat the action. */
  const explain = (action: Action, problem: Problem): Promise<void> =>
    refused(action, problem).catch((error) => {
      const { what } = action;
      if (!problem.isLost) {
        const retry = () => void explain(action, problem);
        const text = `The ${what} was refused, because the invite has changed.`;
        return setMessage({ problem: asProblem(error), text, retry, ofList: true });
      }
      work.shown?.onStale();
      setMessage({ problem, text: `The ${what} may have gone through.`, retry: () => void act(action), ofList: true });
    });

  /** Adds to the message about a resend that the person had said no, which the page had not shown. */
  const tellOfNo = async (row: Invite, text: string) => {
    const detail = await getInvite(deal, row.id).catch(() => undefined);
    const when = detail && noBefore(detail, row.sends);
    const shown = work.message.value;
    if (when && shown && "text" in shown && shown.text === text)
      tell("plain", `${text} ${person(row)} had said no on ${shortDate(when)}, before this resend.`);
  };

  const act = async (action: Action) => {
    const { row } = action;
    if (work.busy.value.has(row.id)) return;
    work.busy.value = new Set(work.busy.value).add(row.id);
    setMessage(undefined);
    try {
      const after = await action.send();
      // The API cancels a cancelled invite again without a word.
      const now = after ? undefined : await getInvite(deal, row.id).catch(() => undefined);
      if (now && isRemoved(now) && !doneByMe(action.did, row, now)) {
        recordDetail(now);
        replaceStale(row, undefined);
        tell("plain", meantime(action.did, row, now));
      } else {
        if (now) recordTold(row, { optedOut: now.optedOut });
        action.done(after, "");
      }
    } catch (error) {
      const problem = asProblem(error);
      if (!action.says?.(problem)) await explain(action, problem);
    } finally {
      work.busy.value = without(work.busy.value, row.id);
    }
  };

  const actions: RowActions = {
    pick: (row, on) => select(on ? new Map(picked).set(row.id, row) : unpicked(picked, [row])),
    seen: saw,
    look: (row) =>
      void getInvite(deal, row.id).then(
        (detail) => saw(row, detail),
        () => undefined,
      ),
    find: (email) => {
      work.sought = email;
      onFind(email);
    },
    again: (row) => run || void inviteAgain([row]),
    resend: async (row) => {
      const isJustSent = row.sends > 1 && Date.now() - Date.parse(row.queuedAt) < A_MINUTE;
      const isAgain = isJustSent && placeOf(row, dealState).tone === "pending";
      const question = waitsForSeat(row)
        ? {
            title: `Resend the invite to ${row.email}, who waits for a seat?`,
            body: (
              <p>
                {NO_SEAT}{" "}
                <Text>{`A resend ends the wait of ${person(row)}: to wait again, they have to ask for a seat again.`}</Text>
              </p>
            ),
          }
        : hasDeclined(row)
          ? {
              title: `Resend the invite to ${row.email}, who declined?`,
              body: (
                <p>
                  <Text>{`${person(row)} said no${declinedOn(row)}.`}</Text> They get a new email with a new link, and
                  the invite is pending again.
                </p>
              ),
            }
          : isAgain && {
              title: `Resend the invite to ${row.email} once more?`,
              body: (
                <p>
                  <Text>{`It was resent less than a minute ago. ${person(row)} would get another email, unless they stopped invites.`}</Text>{" "}
                  The link in the last one would stop working.
                </p>
              ),
            };
      const sure = !question || (await confirm({ ...question, action: "Resend invite", keep: "Don’t resend" }));
      if (!sure) return;
      await act({
        row,
        what: `resend to ${row.email}`,
        did: "resent",
        send: () => resendInvite(deal, row),
        done: (now, first) => {
          replaceRow(row, now);
          const full = seats.available === 0 ? ` ${NO_SEAT}` : "";
          const text = `A new invite to ${row.email} is on its way${first}. Older links no longer work.${full}`;
          tell("good", text);
          if (!hasDeclined(row)) void tellOfNo(row, text);
        },
      });
    },
    correct: async (row, corrected, isShown) => {
      const { email } = corrected;
      let wrong: string | undefined;
      await act({
        row,
        what: `correction of ${row.email}`,
        did: "corrected",
        ...(email && { to: email }),
        send: () => correctInvite(deal, row, corrected),
        says: (problem) => {
          wrong = isShown() ? wrongAddress(problem, email ?? row.email) : undefined;
          return wrong !== undefined;
        },
        done: (now, first) => {
          editedCorrection(row).keep(undefined);
          const address = now?.email ?? email;
          if (now?.id !== row.id) recordCancelled(row, { corrected: true, ...(address && { correctedTo: address }) });
          replaceRow(row, now);
          if (now && !email)
            return tell("good", `${now.email} ${now.name ? `is now named ${now.name}` : "has no name now"}${first}.`);
          const old = row.sentAt ? `, and the links sent to ${row.email} no longer work` : "";
          const sent = now?.id !== row.id ? ` A new invite is on its way${old}.` : "";
          tell("good", `${row.email} is corrected to ${address}${first}.${sent}`);
        },
      });
      return wrong;
    },
    cancel: async (row) => {
      const sure = await confirm({
        title: `Cancel the invite to ${row.email}?`,
        body: (
          <p>
            <Text>{whatEnds([row], person(row))}</Text>
            {active &&
              !isOptedOut(known(row)) &&
              " You can invite them again at any time, unless they stopped invites."}
          </p>
        ),
        action: "Cancel invite",
        keep: "Keep invite",
      });
      if (!sure) return;
      await act({
        row,
        what: `cancellation of the invite to ${row.email}`,
        did: "cancelled",
        send: () => cancelInvite(deal, row).then(() => undefined),
        done: (_, first) => {
          const again = againFor([row]);
          recordCancelled(row, { corrected: false, optedOut: isOptedOut(known(row)) });
          replaceRow(row, undefined);
          const text = `The invite to ${row.email} is cancelled${first}.`;
          setMessage({ tone: "good", text, ofList: true, again });
        },
      });
    },
    release: async (row) => {
      const sure = await confirm({
        title: `De-allocate the seat of ${row.email}?`,
        body: (
          <p>
            {page?.deal.state !== "ended" ? (
              <>
                <Text>{`${person(row)} loses the seat and access to ${page?.deal.name}.`}</Text> The seat becomes
                available.{" "}
                <Text>
                  {isOptedOut(known(row))
                    ? `They ${howStopped(known(row))}: they cannot get a seat again until they allow invites again.`
                    : "To get a seat again, they need a new invite."}
                </Text>
              </>
            ) : (
              <Text>{`${person(row)} loses the seat. The deal has ended: nobody can be invited to it any more.`}</Text>
            )}
          </p>
        ),
        action: "De-allocate seat",
        keep: "Keep seat",
      });
      if (!sure) return;
      await act({
        row,
        what: `de-allocation of the seat of ${row.email}`,
        did: "de-allocated",
        send: () => releaseSeat(deal, row).then(() => undefined),
        done: (_, first) => {
          const again = againFor([row]);
          replaceRow(row, undefined);
          const text = `${row.email} no longer has a seat${first}.${active ? " The seat is available again." : ""}`;
          setMessage({ tone: "good", text, ofList: true, again });
        },
      });
    },
  };

  /** Runs an action on many invites with its progress. After a failure, running `job` again continues it. */
  const runMany = async (
    run: Run,
    job: (onProgress: (done: number) => boolean) => Promise<Message | undefined>,
    failed: (problem: Problem) => string,
  ): Promise<void> => {
    work.stopped = false;
    setMessage(undefined);
    work.run.value = run;
    let result: Message | undefined;
    try {
      result = await job((done) => {
        work.run.value = { ...run, done };
        return !work.stopped;
      });
    } catch (error) {
      const problem = asProblem(error);
      const retry = () => void runMany(run, job, failed);
      result = { problem, text: failed(problem), retry, ...(run.ofList && { ofList: true }) };
    }
    work.run.value = undefined;
    // A job that leads to another action has said for itself what there is to say.
    if (result) setMessage(result);
  };

  const runBulk = async (bulk: Bulk) => {
    const { action } = bulk;
    work.unfinished.value = undefined;
    const job = async (onProgress: (done: number) => boolean) => {
      try {
        await bulk.run(onProgress);
        if (bulk.isLeft) work.unfinished.value = { bulk, isStopped: true };
      } catch (error) {
        work.unfinished.value = { bulk, problem: asProblem(error) };
      }
      select(new Map());
      const { done } = bulk;
      if (action.done === "resent") recordOffers(deal, done.filter(isAsked), seats, counts);
      else withdrawOffers(deal, done);
      work.shown?.onDone();
      await work.shown?.list.reload();
      if (work.unfinished.value) return undefined;
      return { ...summary(bulk), again: againAfter(bulk) };
    };
    const done = bulk.answered;
    const total = bulk.left && done + bulk.left.length + bulk.unsure.length;
    await runMany({ what: action.doing, done, total }, job, () => "");
  };
  const leave = (event?: MouseEvent) => {
    work.unfinished.value?.bulk.leave();
    work.unfinished.value = undefined;
    dismissed(event);
  };
  // A reload may have interrupted a request that went through.
  useEffect(() => {
    if (!unfinished || unfinished.bulk.unsure.length === 0) return;
    const { bulk } = unfinished;
    bulk.settle().then(
      () => {
        if (work.unfinished.value?.bulk !== bulk) return;
        if (bulk.left?.length === 0) void runBulk(bulk);
        else work.unfinished.value = { bulk };
      },
      () => undefined,
    );
  }, []);

  /** These rows, as they are now where an opt-out was lifted: lists do not say it of a lift in another deal. */
  const withoutLifted = async (rows: Invite[]): Promise<Invite[]> => {
    const stopped = rows.filter((row) => isOptedOut(known(row)));
    const details = await detailsOf(deal, stopped, () => true).catch(() => []);
    const now = new Map(details.flatMap((detail, at) => (detail ? [[stopped[at]!, detail]] : [])));
    for (const [row, detail] of now) saw(row, detail);
    return rows.map((row) => {
      const detail = now.get(row);
      // Of another version, only the API decides.
      return detail && detail.sends === row.sends && detail.status === row.status ? detail : row;
    });
  };

  /**
   * Asks, then resends to those whom it can reach. `status`: of a whole list, which leaves out who got an email a short while ago,
   * if not all of them did.
   */
  const resend = async (all: Invite[], status?: "pending" | "expired") => {
    const rows = await withoutLifted(all);
    const spares = status !== undefined && !rows.every((row) => leftOut(row) || isRecent(row));
    const kind = status ? `${status} invite` : "invite";
    const left = rows.flatMap((row) => {
      const outcome =
        leftOut(row) ?? (isOptedOut(known(row)) ? "opted_out" : spares && isRecent(row) ? "recent" : undefined);
      return outcome ? [{ row, outcome }] : [];
    });
    const reached = rows.filter((row) => !left.some((result) => result.row === row));
    const waiters = reached.filter(waitsForSeat);
    const count = reached.length;
    if (count === 0) return tell("plain", `Not resent: ${notDone(left)}`);
    const sure = await confirm({
      title: `Resend ${counted(count, kind)}?`,
      body: <ResendQuestion {...{ reached, waiters, left, dealState, seats, counts }} />,
      action: `Resend ${counted(count, "invite")}`,
      keep: "Don’t resend",
    });
    const asked = spares ? rows.filter((row) => !isRecent(row)) : rows;
    if (sure) await runBulk(resendRows(deal, asked));
  };

  const cancel = async (rows: Invite[]) => {
    const many = counted(rows.length, "invite");
    const sure = await confirm({
      title: `Cancel ${many}?`,
      body: (
        <>
          <p>{whatEnds(rows)}</p>
          <People>{rows.map((row) => whoIsReached(row))}</People>
        </>
      ),
      action: `Cancel ${many}`,
      keep: "Keep invites",
    });
    if (sure) await runBulk(cancelRows(deal, rows));
  };

  /** Loads every row of the list or search, and then acts on them. */
  const withEvery = (then: (rows: Invite[]) => void) => {
    const job = async (onProgress: (done: number) => boolean): Promise<Message | undefined> => {
      const all = await everyRow(onProgress);
      if (work.stopped) return undefined;
      if (!all) return { tone: "plain", text: TOO_MANY, ofList: true };
      then(all);
      return undefined;
    };
    const failed = () => "The list could not be loaded. Nothing was changed.";
    return runMany({ what: "Loading the list", done: 0, total: size, ofList: true }, job, failed);
  };

  const resendEach = async (status: "pending" | "expired") => {
    if (whole) return withEvery((all) => void resend(all, status));
    const more = status === "expired" ? (counts?.expired ?? 0) : 0;
    const sure = await confirm({
      title: `Resend ${counts ? tabCount(counts, status) : "all"} ${status} invites?`,
      body: (
        <>
          <p>
            Each person gets a new email with a new link. Only the new link works. An invite is left out if its email is
            on its way, bounced or was marked as spam, or if the person stopped invites
            {status === "pending" && " or got an email in the last 24 hours"}.
          </p>
          <SeatsLeft due={0} seats={seats} counts={counts && { ...counts, pending: counts.pending + more }} />
          {seats.available === 0 && <p>Who asked for a seat has to ask again, to wait for it again.</p>}
        </>
      ),
      action: "Resend all",
      keep: "Don’t resend",
    });
    if (sure) await runBulk(resendListed(deal, status));
  };

  /** Who can be invited again of those whose invite was just cancelled: only this page still knows their names. */
  const againFor = (rows: Invite[]) => (active ? rows.filter((row) => !isOptedOut(known(row))) : []);
  const againAfter = ({ action, done }: Bulk) => (action.done === "cancelled" ? againFor(done) : []);
  const toInvitePage = (rows: Invite[]) => {
    keepTyped(deal, rows.map(asRecipient).join("\n"));
    route(`/deals/${deal}/invite`);
  };

  /** Leads to the invite page with the addresses of removed invites: those of a row, or of the whole list or search. */
  const inviteAgain = (removed?: Invite[]) => {
    const job = async (onProgress: (done: number) => boolean): Promise<Message | undefined> => {
      const all = removed ?? (await everyRow(onProgress));
      const again = all && (await toInviteAgain(deal, all.map(known), onProgress));
      if (work.stopped) return undefined;
      // Those that turned out to be corrected say so.
      list.update((page) => ({ ...page }));
      if (!again) return { tone: "plain", text: TOO_MANY, ofList: true };
      if (again.length === 0) return { tone: "plain", text: NOBODY, ofList: true };
      toInvitePage(again);
      return undefined;
    };
    const failed = () => "The list could not be loaded. Nothing was changed.";
    return runMany({ what: "Loading the list", done: 0, total: undefined, ofList: true }, job, failed);
  };

  /** Saves the open list; if a search of the whole list narrows it, what the search finds. */
  const exportList = (of: Deal) => {
    let file = new Export(deal, status);
    const job = async (onProgress: (done: number) => boolean): Promise<Message> => {
      if (page?.found !== undefined && !file.only) {
        const found = await everyRow(() => true);
        if (!found) return { tone: "plain", text: TOO_MANY };
        file = new Export(deal, status, new Set(found.map(({ id }) => id)));
      }
      const complete = await file.run(onProgress);
      if (!complete) return { tone: "plain", text: "You stopped the download. No file was saved." };
      const name = fileName(of, file, Date.now());
      // Reading the answers removed the byte order mark, by which Excel recognises UTF-8.
      download(`\ufeff${file.text}`, name);
      return { tone: "good", text: `${counted(file.rows, "invite")} saved as ${name}.` };
    };
    return runMany({ what: "Downloading", done: 0, total: size }, job, () =>
      file.rows > 0
        ? `The download stopped after ${counted(file.rows, "invite")}. No file was saved. “Try again” continues it.`
        : "No file was saved.",
    );
  };

  // Too many removed invites are shown as they are.
  const isSearched = search !== "" && !(large && status === "removed");
  /** What a download saves, if a search narrows the list. */
  const saved = page?.found === undefined ? "the whole list" : counted(page.found, "invite");

  useSendingRows(deal, rows, saw);

  // Selecting all does not resend to somebody who said no.
  const canPick = (row: Invite) => isOpen(row) && (!hasDeclined(row) || status === "declined");
  const pickable = rows.filter(canPick);
  /** Selects all of these rows as well, without those who said no. */
  const selectAll = (picked: ReadonlyMap<string, Invite>, rows: Invite[]) => {
    const all = pickedWith(picked, rows.filter(canPick));
    select(all, rows.filter((row) => isOpen(row) && !all.has(row.id)).length);
  };
  const allPicked = pickable.every((row) => picked.has(row.id));
  const elsewhere = chosen.filter(({ id }) => !onPage.has(id)).length;
  const here = chosen.length - elsewhere;
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
      <div class="message" aria-live="polite" tabIndex={-1} ref={place}>
        {run && (
          <Notice>
            <p>
              <Text>{`${run.what}: ${number(run.done)}${run.total === undefined ? "" : ` of ${number(run.total)}`}`}</Text>
            </p>
            <progress
              max={run.total ?? 1}
              {...(run.total !== undefined && run.done <= run.total && { value: run.done })}
              aria-label={run.what}
            />
            <p class="actions">
              <button
                type="button"
                class="secondary outline small"
                aria-disabled={!!run.stopping}
                onClick={() => work.stop()}
              >
                Stop
              </button>
              {run.stopping && <span class="soft">Stopping: what is on its way still comes to its end.</span>}
            </p>
          </Notice>
        )}
        {unfinished && (
          <Unfinished
            {...unfinished}
            after={{ again: againAfter(unfinished.bulk), dealState, onAgain: toInvitePage }}
            onContinue={() => void runBulk(unfinished.bulk)}
            onClose={leave}
          />
        )}
        {message &&
          ("problem" in message ? (
            <Failure {...message} onClose={close} />
          ) : (
            <Notice tone={message.tone} onClose={close}>
              <p>
                <Text>{message.text}</Text>
              </p>
              <After {...message} dealState={dealState} onAgain={toInvitePage} />
            </Notice>
          ))}
      </div>
      {list.problem && (
        <ListFailure problem={list.problem} onFirst={search ? undefined : onFirst} reload={() => void list.reload()} />
      )}
      {(rows.some(isOpen) || elsewhere > 0) && (
        <div class={`actions bulk ${chosen.length > 0 ? "chosen" : ""}`}>
          <label class="check">
            <input
              type="checkbox"
              // Not as a property: a click ends it also where it stays.
              ref={(box) => void (box && (box.indeterminate = here > 0 && here < rows.filter(isOpen).length))}
              checked={here > 0}
              disabled={pickable.length === 0}
              onChange={() => (allPicked ? select(unpicked(picked, rows)) : selectAll(picked, rows))}
            />
            Select all on this page
          </label>
          <span class="soft">
            <Text>{`${number(chosen.length)} selected`}</Text>
            {elsewhere > 0 && <Text>{`, ${number(elsewhere)} of them out of sight`}</Text>}
            {skipped > 0 && <Text>{`, ${number(skipped)} who declined left out`}</Text>}
          </span>
          {paged && whole && elsewhere === 0 && (
            <button
              key="every"
              type="button"
              class="link"
              disabled={run !== undefined}
              onClick={() => void withEvery((all) => selectAll(picked, all))}
            >
              Select all on every page
            </button>
          )}
          {elsewhere > 0 && (
            <button key="none" type="button" class="link" onClick={() => select(new Map())}>
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
              onClick={() => void resend(chosen)}
            >
              Resend selected
            </button>
          )}
          <button
            type="button"
            class="secondary outline small"
            disabled={occupied || chosen.length === 0}
            onClick={() => void cancel(chosen)}
          >
            Cancel selected
          </button>
        </div>
      )}
      {page && rows.length > 0 && (
        <InviteList
          {...{ deal, rows, picked, busy, dealState, now, actions }}
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

/** Why an address was refused: only another one can help. */
function wrongAddress({ code, detail, errors }: Problem, email: string): string | undefined {
  if (errors.some(({ field }) => field === "email")) return "This is not an email address. Correct it.";
  if (code === "opted_out") return `${optedOutOrSpam(`The person at ${email}`)} Enter another address.`;
  return code === "already_invited" ? detail : undefined;
}

/** Removed invites leave the list. */
const listed = (row: Invite) => (isRemoved(row) ? undefined : row);

/** Records why the manager's own action cancelled an invite. */
const recordCancelled = (row: Invite, news: Told) => recordTold({ ...row, status: "cancelled" }, news);

const person = (row: Invite) => (row.name ? `${row.name} (${row.email})` : row.email);

const pickedWith = (picked: ReadonlyMap<string, Invite>, rows: Invite[]) =>
  new Map([...picked, ...rows.map((row) => [row.id, row] as const)]);

function unpicked(picked: ReadonlyMap<string, Invite>, rows: Invite[]): ReadonlyMap<string, Invite> {
  const rest = new Map(picked);
  for (const { id } of rows) rest.delete(id);
  return rest;
}

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const rest = new Set(set);
  rest.delete(id);
  return rest;
}

const A_MINUTE = 60_000;

/** Said of an action that is done, and whose first answer was lost. */
const FIRST = ": your first attempt had gone through";

/** An action on one invite. */
interface Action {
  row: Invite;
  /** Names action and person, as in “resend to ann@example.com”. */
  what: string;
  did: Done;
  /** The address to which it corrects. */
  to?: string;
  send: () => Promise<Invite | undefined>;
  /** Whether its form says why it was refused. */
  says?: (problem: Problem) => boolean;
  /** Shows the invite, if it is still listed, and tells what was done. `first` is empty, or says that the first attempt did it. */
  done: (now: Invite | undefined, first: string) => void;
}

const NOBODY = `Nobody to invite again: corrected addresses have invites of their own, and who ${STOPPED}, has to allow them first.`;
const TOO_MANY = "This list is too long to select at once. Search, or select page by page.";
