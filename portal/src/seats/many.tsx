/** What an action on many invites will reach, why it left some out, and how it ended. */
import type { ComponentChildren } from "preact";
import type { Counts, Invite, Problem, Seats } from "../api";
import { csvOf, download } from "../invite/result-file";
import { unbroken } from "../time";
import { People } from "../ui/people";
import { counted, number, people } from "../ui/seat-numbers";
import { Failure, Notice } from "../ui/status";
import { Text } from "../ui/text";
import { type Bulk, type BulkOutcome, isRecent } from "./bulk";
import { moreThanSeats } from "./deal-head";
import { known } from "./own";
import { named } from "./waiters";
import {
  asSentence,
  capital,
  type DealState,
  declinedOn,
  hasDeclined,
  howFailed,
  howStopped,
  isAsked,
  isOptedOut,
  isStoppedElsewhere,
  noteOf,
  placeOf,
  SOME_OPTED_OUT,
  SOME_STOPPED,
  STOPPED,
} from "./words";
import type { Message } from "./work";

type Results = Bulk["results"];

export const NO_SEAT = "Every seat is taken: nobody can accept until a seat is free.";

/** Who gets a new email, and who does not. `waiters`: those whose wait for a seat ends. */
export function ResendQuestion({
  reached,
  waiters,
  left,
  dealState,
  seats,
  counts,
}: {
  reached: Invite[];
  waiters: Invite[];
  left: Results;
  dealState: DealState;
  seats: Seats;
  counts: Counts | undefined;
}) {
  const count = reached.length;
  const declined = reached.filter(hasDeclined).length;
  const recent = reached.filter(isRecent).length;
  return (
    <>
      <p>
        {count === 1 ? "The person gets" : "Each person gets"} a new email with a new link, unless they stopped invites.
        Only the new link works.
      </p>
      {declined > 0 && (
        <p>
          <strong>{manyOf(declined, count, "declined")}</strong> A resend asks again, and the invite is pending again.
        </p>
      )}
      {recent > 0 && (
        <p>
          <strong>{manyOf(recent, count, RECENT)}</strong>
        </p>
      )}
      <SeatsLeft due={reached.filter(({ status }) => status !== "pending").length} {...{ counts, seats }} />
      {waiters.length > 0 && (
        <p>
          <strong>{manyOf(waiters.length, count, "asked for a seat")}</strong> A resend ends their wait: to wait again,
          they have to ask again.
        </p>
      )}
      <People>{reached.map((row) => whoIsReached(row, waiters.includes(row)))}</People>
      {left.length > 0 && (
        <>
          <p>
            <Text>{[`${counted(left.length, "invite is", "invites are")} left out.`, ...stepsOf(left)].join(" ")}</Text>
          </p>
          <People>
            {left.map((result) => (
              <li key={result.row.id}>
                <Text>{`${result.row.email}: ${whyLeft(result, dealState)}`}</Text>
              </li>
            ))}
          </People>
        </>
      )}
    </>
  );
}

/** What the invite page says of a list: whether there is a seat for everybody. `due`: how many more will be pending. */
export function SeatsLeft({ due, counts, seats }: { due: number; counts: Counts | undefined; seats: Seats }) {
  if (seats.available === 0) return <p>{NO_SEAT}</p>;
  if (!counts || counts.pending + due <= seats.available) return null;
  return (
    <p>
      <Text>{moreThanSeats(due, counts, seats)}</Text>
    </p>
  );
}

/** `2 of these declined.` */
function manyOf(some: number, count: number, did: string): string {
  if (some < count) return `${number(some)} of these ${did}.`;
  return `${count === 1 ? "This person" : "All of them"} ${did}.`;
}

/** An action on many invites that did not end: how many are done, who may be, who is left, and the way on. */
export function Unfinished({
  bulk,
  problem,
  after,
  onContinue,
  onClose,
}: {
  bulk: Bulk;
  problem?: Problem;
  after: Omit<Parameters<typeof After>[0], "results">;
  onContinue: () => void;
  onClose: (event?: MouseEvent) => void;
}) {
  const { unsure, left, isStopped } = bulk;
  const { done, doing } = bulk.action;
  const count = bulk.done.length;
  const others = bulk.results.filter(({ outcome }) => outcome !== done);
  const onward = problem ? "Try again" : "Continue";
  const text = [
    count > 0 && `${counted(count, "invite")} ${done}.`,
    isStopped && others.length > 0 && `Left out: ${notDone(others)}`,
    unsure.length > 0 &&
      `No answer came for ${named(unsure)}: ${unsure.length === 1 ? "this invite" : "these invites"} may have been ${done}.`,
    left === undefined && `${count + unsure.length > 0 ? "The others are not" : "No invite is"} ${done} yet.`,
    left && left.length > 0 && `${counted(left.length, "invite is", "invites are")} not ${done} yet: ${named(left)}.`,
    `“${onward}” continues${done === "resent" ? ", and nobody gets a second email" : ""}.`,
  ]
    .filter(Boolean)
    .join(" ");
  if (problem) return <Failure {...{ problem, text, onClose }} retry={onContinue} />;
  return (
    <Notice tone="warn" onClose={onClose}>
      <p>
        <strong>{`${doing} was ${isStopped ? "stopped" : "interrupted"}.`}</strong> <Text>{text}</Text>
      </p>
      <After results={bulk.results} {...after}>
        <button type="button" class="small" onClick={onContinue}>
          {onward}
        </button>
      </After>
    </Notice>
  );
}

/** The buttons after an action on many invites. `again`: who can be invited again. */
export function After({
  results = [],
  again = [],
  dealState,
  onAgain,
  children,
}: {
  results?: Results;
  again?: Invite[];
  dealState: DealState;
  onAgain: (rows: Invite[]) => void;
  children?: ComponentChildren;
}) {
  if (!children && again.length === 0 && results.length < 2) return null;
  return (
    <p class="actions">
      {children}
      {again.length > 0 && (
        <button type="button" class="secondary outline small" onClick={() => onAgain(again)}>
          <Text>{again.length === 1 ? "Invite again" : `Invite ${people(again.length)} again`}</Text>
        </button>
      )}
      {results.length > 1 && (
        <button
          type="button"
          class="secondary outline small"
          onClick={() => download(csvOf(records(results, dealState)), "result.csv")}
        >
          Download result
        </button>
      )}
    </p>
  );
}

/** `waits`: whether a resend would end the person's wait for a seat. */
export function whoIsReached(row: Invite, waits = false) {
  const note = isOptedOut(known(row))
    ? `: ${howStopped(known(row))}`
    : waits
      ? ": asked for a seat"
      : hasDeclined(row)
        ? `: declined${declinedOn(row)}`
        : "";
  return (
    <li key={row.id}>
      <Text>{`${row.email}${note}`}</Text>
    </li>
  );
}

const RECENT = "got an email in the last 24 hours";

/** Why an invite was not resent or cancelled, and the next step. */
const WHY_NOT: Record<BulkOutcome, [why: string, step?: string]> = {
  resent: [""],
  cancelled: [""],
  sending: ["an email is already on its way"],
  recent: [RECENT, "To resend to them as well, select their rows."],
  stale: ["changed after you loaded this page"],
  already_accepted: ["already accepted"],
  not_found: ["cancelled before"],
  corrected: ["the address was corrected before", "A corrected address has an invite of its own."],
  too_soon: ["sending limit reached", "Where the sending limit was reached, resend later."],
  opted_out: [STOPPED, SOME_OPTED_OUT],
  undeliverable: ["bounced or marked as spam", "Each row in “Not delivered” says the next step."],
  unavailable: ["Seatkeeper could not do it now", "Where Seatkeeper could not do it, try again."],
};

/** A resend of many does not reach a mailbox that did not exist, one of its row does. */
const ONCE_IT_WORKS = "Once a mailbox that bounced works, use “Resend” in its row.";

const ASKED_SINCE = "Who asked for a new link or a seat since gets it by “Resend” in their row.";

/** The same, with what the question before said of the person. `dated`: whether it says when. */
function whyNot({ row, outcome }: Results[number], dated = false): [why: string, step?: string] {
  if (outcome === "opted_out" && isOptedOut(row)) {
    if (isStoppedElsewhere(row)) return [howStopped(row), SOME_OPTED_OUT];
    return [dated ? howStopped(row) : "stopped invites", SOME_STOPPED];
  }
  const { state } = row.delivery;
  if (outcome === "undeliverable" && state === "bounced") return [howFailed(row, dated), ONCE_IT_WORKS];
  if (outcome === "undeliverable" && state === "complained") {
    return [dated ? howStopped(row) : "marked as spam", isAsked(row) ? ASKED_SINCE : WHY_NOT.undeliverable[1]!];
  }
  return WHY_NOT[outcome];
}

/** Why a resend leaves an invite out. */
function whyLeft(result: Results[number], dealState: DealState) {
  const { row, outcome } = result;
  const isBounce = outcome === "undeliverable" && row.delivery.state === "bounced";
  return isBounce ? placeOf(row, dealState).sentence : asSentence(whyNot(result, true)[0]);
}

/** More names would hide the reasons. The result for download names everybody. */
const MOST_NAMED = 3;

/** The next steps, each once. */
function stepsOf(results: Results): string[] {
  const steps = new Set(results.flatMap((result) => whyNot(result)[1] ?? []));
  // It says the same of more people.
  if (steps.has(SOME_OPTED_OUT)) steps.delete(SOME_STOPPED);
  return [...steps];
}

/** Who was left out, by reason. */
export function notDone(results: Results): string {
  const isNamed = results.length <= MOST_NAMED;
  const whyOf = (result: Results[number]) => whyNot(result, isNamed)[0];
  const parts = [...new Set(results.map(whyOf))].map((why) => {
    const rows = results.filter((result) => whyOf(result) === why).map(({ row }) => row);
    return `${isNamed ? named(rows) : unbroken(counted(rows.length, "invite"))} (${why})`;
  });
  return [`${parts.join("; ")}.`, ...stepsOf(results)].join(" ");
}

export function summary({ results, action, done }: Bulk): Message {
  const left = results.filter(({ outcome }) => outcome !== action.done);
  const parts = [`${counted(done.length, "invite")} ${action.done}${done.length > 0 ? `: ${named(done)}` : ""}.`];
  if (left.length > 0) parts.push(`Not ${action.done}: ${notDone(left)}`);
  const tone = left.length === 0 ? "good" : "plain";
  return { tone, text: parts.join(" "), results };
}

/** The next step for one invite. Who is known to have stopped invites, or whose email did not arrive, has the words of their row. */
function stepOf(result: Results[number], dealState: DealState): string {
  const { row, outcome } = result;
  const place = placeOf(row, dealState);
  if (isOptedOut(row) && (outcome === "opted_out" || outcome === "undeliverable")) return noteOf(place);
  return (outcome === "undeliverable" && place.advice) || (whyNot(result)[1] ?? "");
}

/** The result for download. */
export const records = (results: Results, dealState: DealState): string[][] => [
  ["Email", "Name", "Outcome", "Next step"],
  ...results.map((result) => [
    result.row.email,
    result.row.name ?? "",
    capital(whyNot(result)[0] || result.outcome),
    stepOf(result, dealState),
  ]),
];
