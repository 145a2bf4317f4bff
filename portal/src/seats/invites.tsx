/** The list of a deal's invites, and what can be done about them: to one, to those selected, to all that have expired. */
import { useEffect, useRef, useState } from "preact/hooks";
import {
  cancelInvite, type Counts, getInvite, type Invite, type ListedStatus, type Page, type Problem, releaseSeat, resendInvite,
} from "../api";
import { confirm } from "../ui/confirm";
import { asProblem, type Loaded } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { each, type Progress, resendExpired, resendRows } from "./bulk";
import { atLeast } from "./deal-head";
import { Empty } from "./empty";
import { InviteList, type RowActions } from "./list";
import { moveCount, moveSeat } from "./numbers";
import { recordGone, recordRow } from "./own";
import { Search } from "./search";
import { useSendingRows } from "./sending";
import { canResend, NOT_RESENT } from "./words";

/** Something to tell after an action, in place. */
type Said = { tone: "good" | "bad" | "plain"; text: string } | { problem: Problem; retry?: () => void };
/** Work on many that is under way. */
interface Run {
  what: string;
  done: number;
  total: number | undefined;
}

export function Invites({ deal, status, search, list, counts, onSearch, onFirst }: {
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
  const place = useRef<HTMLDivElement>(null);
  // Whoever acted on what has gone goes on from what is said of it.
  useEffect(() => {
    if (said && document.activeElement === document.body) place.current?.focus();
  }, [said]);
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
      <div class="said" aria-live="polite" tabIndex={-1} ref={place}>
        {run && (
          <Notice>
            <p><Text>{`${run.what}: ${number(run.done)}${run.total === undefined ? "" : ` of ${number(run.total)}`}`}</Text></p>
            <progress max={run.total} {...(run.total !== undefined && { value: run.done })} aria-label={run.what} />
            <p class="actions"><button type="button" class="secondary outline small" onClick={() => (stop.asked = true)}>Stop</button></p>
          </Notice>
        )}
        {said && ("problem" in said
          ? <Failure problem={said.problem} {...(said.retry && { retry: said.retry })} />
          : <Notice tone={said.tone} onClose={() => setSaid(undefined)}><p><Text>{said.text}</Text></p></Notice>)}
      </div>
      {list.problem && <ListFailure problem={list.problem} onFirst={search ? undefined : onFirst} retry={() => void list.reload()} />}
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
              <span class="soft"><Text>{`${number(chosen.length)} selected`}</Text></span>
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

/** Why there is no list. A place in it may be one of long ago, or mistyped: trying that again does not help. */
export function ListFailure({ problem, onFirst, retry }: { problem: Problem; onFirst: (() => void) | undefined; retry: () => void }) {
  if (problem.code !== "invalid_request" || !onFirst) return <Failure problem={problem} retry={retry} />;
  return <Notice><p>This place in the list is no longer known. <button type="button" class="link" onClick={onFirst}>Go to the first page</button></p></Notice>;
}

/** A row, unless it has left the page. */
const listed = (row: Invite) => (row.status === "cancelled" || row.status === "released" ? undefined : row);

const person = (row: Invite) => (row.name ? `${row.name} (${row.email})` : row.email);

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const rest = new Set(set);
  rest.delete(id);
  return rest;
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
