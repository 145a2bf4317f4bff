/** The actions on the selected invites, and on a whole list or search. */
import { useEffect } from "preact/hooks";
import type { Deal, Invite, Problem } from "../api";
import { download } from "../invite/result-file";
import { confirm } from "../ui/confirm";
import { asProblem } from "../ui/load";
import { People } from "../ui/people";
import { counted } from "../ui/seat-numbers";
import { areAllRecent, type Bulk, cancelRows, isRecent, leftOut, resendListed, resendRows } from "./bulk";
import { whatEnds } from "./cancelling";
import { detailsOf } from "./details";
import { Export, fileName } from "./export";
import { notDone, ResendQuestion, SeatsLeft, summary, whoIsReached } from "./many";
import { tabCount } from "./numbers";
import { recordOffers, withdrawOffers } from "./offers";
import { againFor, type Open, showing, waitsForSeat } from "./open";
import { known } from "./own";
import { MOST_SEARCHED } from "./whole";
import { canInviteAgain, isAsked, isOptedOut, STOPPED } from "./words";
import type { Message, Run, Work } from "./work";

/** `unselect`: the selected have been acted on. */
export function actionsOnMany(
  open: Open,
  { unselect, toInvitePage }: { unselect: () => void; toInvitePage: (rows: Invite[]) => void },
) {
  const { deal, status, work, list, size, everyRow, counts, seats, dealState } = open;
  const page = list.value;
  const { setMessage, tell, saw } = showing(open);

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
        if (bulk.isLeft) work.unfinished.value = { bulk };
      } catch (error) {
        work.unfinished.value = { bulk, problem: asProblem(error) };
      }
      unselect();
      const { done } = bulk;
      if (action.done === "resent") recordOffers(deal, done.filter(isAsked), seats, counts);
      else withdrawOffers(deal, done);
      work.shown?.onDone();
      await work.shown?.list.reload();
      if (work.unfinished.value) return undefined;
      return { ...summary(bulk), again: againAfter(open, bulk) };
    };
    const done = bulk.answered;
    const total = bulk.left && done + bulk.left.length + bulk.unsure.length;
    await runMany({ what: action.doing, done, total }, job, () => "");
  };

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
    const spares = status !== undefined && !areAllRecent(rows);
    const kind = status ? `${status} invite` : "invite";
    const left = rows.flatMap((row) => {
      const outcome =
        leftOut(row) ?? (isOptedOut(known(row)) ? "opted_out" : spares && isRecent(row) ? "recent" : undefined);
      return outcome ? [{ row, outcome }] : [];
    });
    const reached = rows.filter((row) => !left.some((result) => result.row === row));
    const waiters = reached.filter((row) => waitsForSeat(open, row));
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
    if (canLoadAll(open)) return withEvery((all) => void resend(all, status));
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

  /** Leads to the invite page with the addresses of removed invites: those of a row, or of the whole list or search. */
  const inviteAgain = (removed?: Invite[]) => {
    const job = async (onProgress: (done: number) => boolean): Promise<Message | undefined> => {
      const all = removed ?? (await everyRow(onProgress));
      if (work.stopped) return undefined;
      const again = all?.map(known).filter(canInviteAgain);
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

  return { runBulk, resend, cancel, withEvery, resendEach, inviteAgain, exportList };
}

/** Whether every row of the list or search can be loaded. */
export const canLoadAll = ({ size }: Pick<Open, "size">) => size !== undefined && size <= MOST_SEARCHED;

/** Who can be invited again after an action. */
export const againAfter = (open: Open, { action, done }: Bulk) =>
  action.done === "cancelled" ? againFor(open, done) : [];

/** A reload may have interrupted a request that went through. */
export function useInterrupted(work: Work, runBulk: (bulk: Bulk) => Promise<void>) {
  useEffect(() => {
    const unfinished = work.run.value ? undefined : work.unfinished.value;
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
}

const NOBODY = `Nobody to invite again: corrected addresses have invites of their own, and who ${STOPPED}, has to allow them first.`;
export const TOO_MANY = "This list is too long to select at once. Search, or select page by page.";
