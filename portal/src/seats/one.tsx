/** The actions on one invite, and what becomes of them: also if the answer was lost, or if somebody else was faster. */
import {
  cancelInvite,
  correctInvite,
  getInvite,
  type Invite,
  type InviteDetail,
  Problem,
  releaseSeat,
  resendInvite,
} from "../api";
import { shortDate } from "../time";
import { confirm } from "../ui/confirm";
import { asProblem } from "../ui/load";
import { Text } from "../ui/text";
import { whatEnds } from "./cancelling";
import { editedCorrection } from "./correction";
import type { RowActions } from "./list";
import { doneByMe } from "./lost";
import { NO_SEAT } from "./many";
import { type Done, meantime, noBefore } from "./meantime";
import { againFor, listed, type Open, showing, waitsForSeat } from "./open";
import { known, recordDetail, recordTold } from "./own";
import {
  declinedOn,
  hasDeclined,
  howFailed,
  howStopped,
  isIn,
  isOptedOut,
  isRemoved,
  optedOutOrSpam,
  placeOf,
  unblocking,
} from "./words";

/** `given`: the actions that only the page can do. */
export function actionsOnOne(open: Open, given: Pick<RowActions, "pick" | "find" | "again">): RowActions {
  const { deal, status, work, seats, active, dealState } = open;
  const page = open.list.value;
  const { lost } = work;
  const { setMessage, tell, replaceRow, replaceStale, saw } = showing(open);

  /** Says what happened to an invite since it was loaded, with a link to the one that replaced it. */
  const tellSince = async (did: Done | undefined, row: Invite, now: InviteDetail | undefined) => {
    const to = now?.correctedTo && (await getInvite(deal, now.correctedTo).catch(() => undefined))?.email;
    const text = meantime(did, row, now, to || undefined);
    setMessage({ tone: "plain", text, ofList: true, ...(to && { find: to }) });
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
      return action.done(now.correctedTo ? await getInvite(deal, now.correctedTo) : listed(now), FIRST);
    }
    replaceStale(row, now && listed(now));
    if (problem.isLost && now?.sends === row.sends && now.status === row.status) return fail("has not gone through");
    await tellSince(did, row, now);
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
        await tellSince(action.did, row, now);
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

  const seen = (row: Invite, detail: InviteDetail) => {
    saw(row, detail);
    // The row is gone, and what it showed with it.
    if (listed(row) && !listed(detail)) void tellSince(undefined, row, detail);
  };

  return {
    ...given,
    seen,
    look: (row) =>
      void getInvite(deal, row.id).then(
        (detail) => seen(row, detail),
        () => undefined,
      ),
    resend: async (row) => {
      const isJustSent = row.sends > 1 && Date.now() - Date.parse(row.queuedAt) < A_MINUTE;
      const isAgain = isJustSent && placeOf(row, dealState).tone === "pending";
      const question = waitsForSeat(open, row)
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
          const old = row.sentAt ? " Older links no longer work." : "";
          if (now?.delivery.state === "failed")
            return tell("plain", `The new email to ${row.email} ${howFailed(now, false)}${first}.${old}`);
          const text = `A new invite to ${row.email} is on its way${first}.${old}${full}${unblocking(row)}`;
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
          replaceRow(row, now);
          if (now && !email)
            return tell("good", `${now.email} ${now.name ? `is now named ${now.name}` : "has no name now"}${first}.`);
          const old = row.sentAt ? `, and the links sent to ${row.email} no longer work` : "";
          const isFailed = now?.delivery.state === "failed";
          const mail = isFailed ? `The email to it ${howFailed(now, false)}` : "A new invite is on its way";
          const sent = now?.id !== row.id ? ` ${mail}${old}.` : "";
          const text = `${row.email} is corrected to ${address}${first}.${sent}`;
          const isFound = now && (open.searched || !isIn(known(now), status));
          setMessage({ tone: isFailed ? "plain" : "good", text, ofList: true, ...(isFound && { find: now.email }) });
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
          const again = againFor(open, [row]);
          recordTold({ ...row, status: "cancelled" }, { optedOut: isOptedOut(known(row)) });
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
          const again = againFor(open, [row]);
          replaceRow(row, undefined);
          const text = `${row.email} no longer has a seat${first}.${active ? " The seat is available again." : ""}`;
          setMessage({ tone: "good", text, ofList: true, again });
        },
      });
    },
  };
}

/** Why an address was refused: only another one can help. */
function wrongAddress({ code, detail, errors }: Problem, email: string): string | undefined {
  if (errors.some(({ field }) => field === "email")) return "This is not an email address. Correct it.";
  if (code === "opted_out") return `${optedOutOrSpam(`The person at ${email}`)} Enter another address.`;
  return code === "already_invited" ? detail : undefined;
}

const person = (row: Invite) => (row.name ? `${row.name} (${row.email})` : row.email);

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
