/** A deal's invites, with actions on one row, on the selected rows and on all expired ones. */
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Counts,
  cancelInvite,
  correctInvite,
  type Filter,
  getInvite,
  type Invite,
  type InviteDetail,
  type Problem,
  releaseSeat,
  resendInvite,
  type Seats,
} from "../api";
import { MailHelp } from "../invite/mail-help";
import { confirm } from "../ui/confirm";
import { asProblem, type Loaded } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { type BulkResend, each, resendAsked, resendListed, resendRows } from "./bulk";
import { atLeast } from "./deal-head";
import { Empty } from "./empty";
import { InviteList, type RowActions } from "./list";
import { sentByMe, sentTo } from "./lost";
import { total } from "./numbers";
import { recordGone, recordRow } from "./own";
import { Search } from "./search";
import { useSendingRows } from "./sending";
import { Waiters } from "./waiters";
import type { Listed } from "./whole";
import { canResend, isAsked, isOpen, isUndelivered, NOT_RESENT } from "./words";

/** The message after an action. */
type Message =
  | { tone: "good" | "bad" | "plain"; text: string }
  | { problem: Problem; text?: string; retry?: () => void };
/** A bulk action in progress. */
interface Run {
  what: string;
  done: number;
  total: Total;
}
/** How many invites a bulk action is for: this many, or more if the number is not exact. */
interface Total {
  count: number;
  exact: boolean;
}

export function Invites({
  deal,
  status,
  search,
  large,
  loaded,
  list,
  counts,
  seats,
  active,
  onMove,
  onStale,
  onSearch,
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
  seats: Seats;
  /** Whether the deal is active. */
  active: boolean;
  /** The manager changed an invite, or took it off the list. */
  onMove: (before: Invite, after: Invite | undefined) => void;
  /** The numbers may have changed without the manager's doing. */
  onStale: () => void;
  onSearch: (text: string) => void;
  onFirst: () => void;
}) {
  const now = useNow();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const [message, setMessage] = useState<Message>();
  const [run, setRun] = useState<Run>();
  const [stop] = useState({ asked: false });
  const place = useRef<HTMLDivElement>(null);
  /** Rows with a request in progress: unlike `busy`, current in every closure. */
  const acting = useRef(new Set<string>()).current;
  /** Resends and corrections whose answer was lost. */
  const lost = useRef(new Set<string>()).current;
  // If the focus was on a row that has gone, it moves to the message.
  useEffect(() => {
    if (message && document.activeElement === document.body) place.current?.focus();
  }, [message]);
  const page = list.value;
  const rows = page?.invites ?? [];
  const chosen = rows.filter((row) => picked.has(row.id));
  const resendable = chosen.filter(canResend);

  const tell = (tone: "good" | "bad" | "plain", text: string) => setMessage({ tone, text });

  const showRow = (before: Invite, after: Invite | undefined) => {
    if (after?.id !== before.id) recordGone(deal, before);
    if (after) recordRow(deal, after);
    list.update((page) => ({
      ...page,
      invites: page.invites.flatMap((row) => (row.id !== before.id ? [row] : after ? [after] : [])),
    }));
    if (after?.id !== before.id) setPicked(without(picked, before.id));
  };
  /** Replaces or removes a row after the manager's own action, and updates the numbers. */
  const replaceRow = (before: Invite, after: Invite | undefined) => {
    showRow(before, after);
    onMove(before, after);
  };
  /** The same for a change from elsewhere. It shows that the numbers are old. */
  const replaceStale = (before: Invite, after: Invite | undefined) => {
    showRow(before, after);
    const isCounted = (row: Invite) => [row.status, isUndelivered(row), isAsked(row)].join();
    if (!after || isCounted(after) !== isCounted(before)) onStale();
  };

  /** Shows the row's current state, and why the action was refused. */
  const refused = async (row: Invite, problem: Problem, what: string, again: () => void) => {
    if (problem.code !== "stale" && problem.code !== "already_accepted" && problem.code !== "not_found") {
      if (problem.isLost) onStale();
      const text = problem.isLost ? `The ${what} may have gone through.` : `The ${what} failed.`;
      return setMessage({ problem, text, ...(problem.temporary && { retry: again }) });
    }
    const now = await getInvite(deal, row.id).catch((error) => {
      if (asProblem(error).code === "not_found") return undefined;
      throw error;
    });
    replaceStale(row, now && listed(now));
    // The new address has a row of its own.
    if (now?.status === "cancelled") void list.reload();
    if (now?.sends === row.sends + 1 && sentByMe(now) && lost.has(sendOf(row)))
      return tell("good", `A new invite to ${row.email} is on its way: your first attempt had gone through.`);
    const text = {
      stale: `The invite to ${row.email} changed since you loaded it. The list now shows its current state.`,
      already_accepted: `${row.email} has already accepted and holds a seat. Nothing was changed.`,
      not_found: gone(row, now),
    }[problem.code];
    tell("plain", text);
  };

  /** `what` names action and person, as in “resend to ann@example.com”. */
  const act = async (row: Invite, what: string, action: () => Promise<void>) => {
    if (acting.has(row.id)) return;
    acting.add(row.id);
    setBusy((busy) => new Set(busy).add(row.id));
    setMessage(undefined);
    try {
      await action();
    } catch (error) {
      const again = () => void act(row, what, action);
      await refused(row, asProblem(error), what, again).catch((error) => setMessage({ problem: asProblem(error) }));
    } finally {
      acting.delete(row.id);
      setBusy((busy) => without(busy, row.id));
    }
  };

  const actions: RowActions = {
    pick: (row, on) => setPicked(on ? new Set(picked).add(row.id) : without(picked, row.id)),
    resend: (row) =>
      act(row, `resend to ${row.email}`, async () => {
        const now = await resendInvite(deal, row).catch((error) => {
          if (asProblem(error).isLost) lost.add(sendOf(row));
          throw error;
        });
        replaceRow(row, now);
        tell("good", `A new invite to ${row.email} is on its way. Older links no longer work.`);
      }),
    correct: async (row, email) => {
      let wrong: string | undefined;
      await act(row, `correction of ${row.email}`, async () => {
        const correction = `${sendOf(row)} ${email}`;
        let earlier: Invite | undefined;
        const now = await correctInvite(deal, row, email).catch(async (error) => {
          // If the first attempt went through, this invite is cancelled, and the other address invited.
          if (lost.has(correction) && !asProblem(error).temporary) earlier = await sentTo(deal, email);
          if (earlier) return earlier;
          if (asProblem(error).isLost) lost.add(correction);
          wrong = wrongAddress(asProblem(error));
          if (wrong === undefined) throw error;
          return undefined;
        });
        if (!now) return;
        replaceRow(row, now);
        const sent =
          now.id !== row.id ? ` A new invite is on its way, and the links sent to ${row.email} no longer work.` : "";
        const first = earlier ? " Your first attempt had gone through." : "";
        tell("good", `${row.email} is corrected to ${now.email}.${first}${sent}`);
      });
      return wrong;
    },
    cancel: async (row) => {
      const sure = await confirm({
        title: `Cancel the invite to ${row.email}?`,
        body: (
          <p>
            {person(row)} can no longer accept: the link in the email stops working. You can invite them again at any
            time.
          </p>
        ),
        action: "Cancel invite",
        keep: "Keep invite",
      });
      if (!sure) return;
      await act(row, `cancellation of the invite to ${row.email}`, async () => {
        await cancelInvite(deal, row);
        replaceRow(row, undefined);
        tell("good", `The invite to ${row.email} is cancelled.`);
      });
    },
    release: async (row) => {
      const sure = await confirm({
        title: `De-allocate the seat of ${row.email}?`,
        body: (
          <p>
            {person(row)} loses the seat and access to {page?.deal.name}. The seat becomes available. To get a seat
            again, they need a new invite.
          </p>
        ),
        action: "De-allocate seat",
        keep: "Keep seat",
      });
      if (!sure) return;
      await act(row, `de-allocation of the seat of ${row.email}`, async () => {
        await releaseSeat(deal, row);
        replaceRow(row, undefined);
        tell("good", `${row.email} no longer has a seat. The seat is available again.`);
      });
    },
  };

  /** Runs a bulk action with its progress, then reloads the list. After a failure, running `job` again continues it. */
  const runBulk = async (
    what: string,
    total: Total,
    job: (onProgress: (done: number) => boolean) => Promise<Message>,
    soFar: (problem: Problem) => string,
  ) => {
    stop.asked = false;
    setMessage(undefined);
    setRun({ what, done: 0, total });
    let result: Message;
    try {
      result = await job((done) => {
        setRun({ what, done, total });
        return !stop.asked;
      });
    } catch (error) {
      const problem = asProblem(error);
      result = { problem, text: soFar(problem), retry: () => void runBulk(what, total, job, soFar) };
    }
    setRun(undefined);
    setPicked(new Set());
    setMessage(result);
    await list.reload();
  };

  const runResend = (bulk: BulkResend, total: Total) => {
    const job = async (onProgress: (done: number) => boolean) => {
      await bulk.run(onProgress);
      return resendSummary(bulk, stop.asked ? total : undefined);
    };
    const soFar = () =>
      `${bulk.done > 0 ? `${counted(bulk.done, "invite")} done. ` : ""}${maybeResent(bulk.unsure)}“Try again” continues, and nobody gets a second email.`;
    return runBulk("Resending", total, job, soFar);
  };
  const resendPicked = () => runResend(resendRows(deal, resendable), { count: resendable.length, exact: true });

  const resendWaiting = () => {
    const { asked, exactUpTo } = counts ?? { asked: 0, exactUpTo: 0 };
    const count = Math.min(asked, seats.available);
    return runResend(resendAsked(deal, seats.available), { count, exact: count <= exactUpTo });
  };

  const resendEach = async (status: "pending" | "expired") => {
    const { [status]: total, exactUpTo } = counts ?? { pending: 0, expired: 0, exactUpTo: 0 };
    const many = atLeast(total, exactUpTo, (count) => counted(count, `${status} invite`));
    const sure = await confirm({
      title: `Resend ${many}?`,
      body: (
        <p>
          Each person gets a new email with a new link and a new expiry date. Only the new link works. Invites are left
          out if their email is on its way, bounced or was marked as spam.
        </p>
      ),
      action: "Resend all",
    });
    if (!sure) return;
    await runResend(resendListed(deal, status), { count: Math.min(total, exactUpTo), exact: total <= exactUpTo });
  };

  const cancelPicked = async () => {
    const many = counted(chosen.length, "invite");
    const sure = await confirm({
      title: `Cancel ${many}?`,
      body: (
        <>
          <p>These people can no longer accept: the links in their emails stop working.</p>
          <ul class="people">
            {chosen.map((row) => (
              <li key={row.id}>{row.email}</li>
            ))}
          </ul>
        </>
      ),
      action: `Cancel ${many}`,
      keep: "Keep invites",
    });
    if (!sure) return;
    const left = [...chosen];
    const changed: Invite[] = [];
    const cancelled = () => `${counted(chosen.length - left.length - changed.length, "invite")} cancelled.`;
    const cancel = async (row: Invite) => {
      await cancelInvite(deal, row);
      recordGone(deal, row);
    };
    const job = async (onProgress: (done: number) => boolean): Promise<Message> => {
      await each(left, changed, cancel, () => onProgress(chosen.length - left.length));
      if (changed.length === 0) return { tone: "good", text: cancelled() };
      const addresses = changed.map(({ email }) => email).join(", ");
      return {
        tone: "plain",
        text: `${cancelled()} Not cancelled, because they changed since you loaded this page: ${addresses}.`,
      };
    };
    await runBulk("Cancelling", { count: chosen.length, exact: true }, job, ({ isLost }) =>
      isLost
        ? `${cancelled()} The cancellation of the invite to ${left[0]?.email} may have gone through.`
        : cancelled(),
    );
  };

  useSendingRows(deal, rows, (before, after) => replaceStale(before, listed(after)));

  // Selecting all does not resend to somebody who said no.
  const pickable = rows.filter(
    (row) => isOpen(row) && (row.status !== "declined" || row.askedAt || status === "declined"),
  );
  const allPicked = pickable.length > 0 && pickable.every((row) => picked.has(row.id));
  return (
    <section aria-label="Invites">
      {active && counts && (
        <Waiters
          {...{ deal, counts, seats }}
          listed={status === "asked"}
          busy={run !== undefined}
          onResend={() => void resendWaiting()}
        />
      )}
      <div class="tools">
        <Search text={search} large={large} removed={status === "removed"} onSearch={onSearch} />
        {(status === "expired" || status === "pending") && !search && rows.some(canResend) && (
          <button
            type="button"
            class="secondary outline"
            disabled={run !== undefined}
            onClick={() => void resendEach(status)}
          >
            <Text>{`Resend all ${status}`}</Text>
          </button>
        )}
      </div>
      {search && !!page?.found && (
        <p class="soft" role="status">
          <Text>{`${number(page.found)} found`}</Text>
        </p>
      )}
      {status === "removed" && <p class="soft">Cancelled or de-allocated in the last 30 days.</p>}
      {rows.some((row) => row.status === "pending") && <MailHelp />}
      <div class="message" aria-live="polite" tabIndex={-1} ref={place}>
        {run && (
          <Notice>
            <p>
              <Text>{`${run.what}: ${number(run.done)} of ${number(run.total.count)}${run.total.exact ? "" : "+"}`}</Text>
            </p>
            <progress
              max={run.total.count}
              {...(run.done <= run.total.count && { value: run.done })}
              aria-label={run.what}
            />
            <p class="actions">
              <button type="button" class="secondary outline small" onClick={() => (stop.asked = true)}>
                Stop
              </button>
            </p>
          </Notice>
        )}
        {message &&
          ("problem" in message ? (
            <Failure {...message} onClose={() => setMessage(undefined)} />
          ) : (
            <Notice tone={message.tone} onClose={() => setMessage(undefined)}>
              <p>
                <Text>{message.text}</Text>
              </p>
            </Notice>
          ))}
      </div>
      {list.problem && (
        <ListFailure problem={list.problem} onFirst={search ? undefined : onFirst} retry={() => void list.reload()} />
      )}
      {rows.some(isOpen) && (
        <div class="actions bulk">
          <label class="check">
            <input
              type="checkbox"
              checked={allPicked}
              onChange={(event) => setPicked(new Set(event.currentTarget.checked ? pickable.map(({ id }) => id) : []))}
            />
            Select all on this page
          </label>
          <div class={`picked ${chosen.length > 0 ? "" : "none"}`}>
            <span class="soft">
              <Text>{`${number(chosen.length)} selected`}</Text>
            </span>
            <button
              type="button"
              class="secondary outline small"
              disabled={run !== undefined || resendable.length === 0}
              onClick={() => void resendPicked()}
            >
              Resend selected
            </button>
            <button
              type="button"
              class="secondary outline small"
              disabled={run !== undefined}
              onClick={() => void cancelPicked()}
            >
              Cancel selected
            </button>
          </div>
        </div>
      )}
      {page && rows.length > 0 && <InviteList {...{ deal, rows, picked, busy, now, actions }} />}
      {page && rows.length === 0 && (
        <Empty {...{ deal, status, search, large, active }} more={page.nextCursor !== null} />
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

/** Why there is no list. The address may hold an old or mistyped cursor, for which a retry does not help. */
export function ListFailure({
  problem,
  onFirst,
  retry,
}: {
  problem: Problem;
  onFirst: (() => void) | undefined;
  retry: () => void;
}) {
  if (problem.code !== "invalid_request" || !onFirst) return <Failure problem={problem} retry={retry} />;
  return (
    <Notice>
      <p>
        This page of the list no longer exists.{" "}
        <button type="button" class="link" onClick={onFirst}>
          Go to the first page
        </button>
      </p>
    </Notice>
  );
}

/** The progress of loading the whole list, with the total if it is exact. */
function searching(loaded: number, counts: Counts | undefined): string {
  const { count, exact } = counts ? total(counts) : { count: 0, exact: false };
  return `Loading the list to search it: ${number(loaded)}${exact ? ` of ${number(count)}` : ""}`;
}

/** Why an address was refused: only another one can help. */
function wrongAddress({ code, detail, errors }: Problem): string | undefined {
  if (errors.some(({ field }) => field === "email")) return "This is not an email address. Correct it.";
  return code === "already_invited" || code === "opted_out" ? detail : undefined;
}

/** Cancelled and released invites leave the list. */
const listed = (row: Invite) => (row.status === "cancelled" || row.status === "released" ? undefined : row);

/** Why an invite is not found. A removed one can still be read. */
function gone({ email }: Invite, now: InviteDetail | undefined): string {
  const corrected = now?.history.find(({ event }) => event === "corrected");
  if (now?.status === "cancelled" && corrected)
    return `The address ${email} was corrected${corrected.by ? ` by ${corrected.by}` : ""}. The list now shows the invite to the new address.`;
  if (now?.status === "cancelled") return `The invite to ${email} is cancelled.`;
  if (now?.status === "released") return `The seat of ${email} was de-allocated.`;
  return now
    ? `The invite to ${email} changed. The list now shows its current state.`
    : `The invite to ${email} no longer exists.`;
}

const person = (row: Invite) => (row.name ? `${row.name} (${row.email})` : row.email);

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const rest = new Set(set);
  rest.delete(id);
  return rest;
}

/** Names a send of an invite. */
const sendOf = ({ id, sends }: Invite) => `${id} ${sends}`;

/** Names the people of a request without an answer. */
function maybeResent(rows: Invite[]): string {
  if (rows.length === 0) return "";
  const named = rows.slice(0, 3).map(({ email }) => email);
  const more = rows.length > named.length ? ` and ${number(rows.length - named.length)} more` : "";
  return `No answer came for ${named.join(", ")}${more}: ${rows.length === 1 ? "this invite" : "these invites"} may have been resent. `;
}

/** `of`: how many it was for, if the manager stopped it. */
function resendSummary({ done, tally }: BulkResend, of: Total | undefined): Message {
  const resent = tally.get("resent") ?? 0;
  const parts = [`${counted(resent, "invite")} resent.`];
  for (const [outcome, count] of tally) {
    if (outcome !== "resent") parts.push(`${number(count)} ${NOT_RESENT[outcome]}.`);
  }
  const left = of ? of.count - done : 0;
  if (left > 0) parts.push(`You stopped here, so ${of?.exact ? "" : "more than "}${number(left)} were not resent.`);
  else if (of) parts.push("You stopped here.");
  return { tone: resent === done && !of ? "good" : "plain", text: parts.join(" ") };
}
