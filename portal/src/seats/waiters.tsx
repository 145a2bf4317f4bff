import { useEffect } from "preact/hooks";
import type { Counts, Invite, Seats } from "../api";
import { unbroken } from "../time";
import { counted, number, people } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { leftOut } from "./bulk";
import { atLeast } from "./deal-head";
import { offered, type Person, settleOffers } from "./offers";
import { isAsked, type Known } from "./words";

/** Says how many people asked for a new link or a seat. Their list can resend to as many as there are free seats without an offer. */
export function Waiters({
  deal,
  counts,
  seats,
  rows,
  isList,
  busy,
  onResend,
  onSee,
}: {
  deal: string;
  counts: Counts;
  seats: Seats;
  /** The rows of the page. */
  rows: Known[];
  /** Whether they are those who asked first. */
  isList: boolean;
  busy: boolean;
  onResend: (rows: Known[]) => void;
  /** The manager goes to their list. */
  onSee: () => void;
}) {
  const { asked: count, declined, exactUpTo } = counts;
  const { available } = seats;
  useEffect(() => settleOffers(deal, seats, counts), [deal, available, declined]);
  if (count === 0) return null;
  const offers = offered(deal);
  const open = Math.max(0, available - offers.length);
  const listed = isList ? rows.filter(isAsked) : undefined;
  const first = listed?.filter((row) => !leftOut(row)).slice(0, open) ?? [];
  const lost = listed?.filter((row) => leftOut(row) === "undeliverable").length ?? 0;
  return (
    <Notice>
      <p>
        <strong>
          <Text>{`${atLeast(count, exactUpTo, people)} ${count === 1 ? "waits" : "wait"}, ${free(available)}.`}</Text>
        </strong>{" "}
        <Text>
          {listed?.length === count
            ? askedFor(listed)
            : `${count === 1 ? "This person" : "They"} asked for a new link or a seat.`}
        </Text>
        {available > 0 && offers.length > 0 && <Text>{` ${offeredTo(offers, available)}`}</Text>}
        {lost > 0 && <Text>{` ${notReached(lost)}`}</Text>}
      </p>
      {first.length > 0 && (
        <p key="resend" class="actions">
          <button type="button" class="small" disabled={busy} aria-describedby="first" onClick={() => onResend(first)}>
            <Text>{`Resend to ${people(first.length)}`}</Text>
          </button>
          <span id="first">
            <Text>{named(first)}</Text>
          </span>
        </p>
      )}
      {!listed && (
        <p key="list" class="actions">
          <a href={`/deals/${deal}?status=asked`} onClick={onSee}>
            See who asked
          </a>
        </p>
      )}
    </Notice>
  );
}

/** `1 asked for a seat, 2 for a new link.` */
function askedFor(rows: Invite[]): string {
  const seat = rows.filter((row) => row.askedFor === "seat").length;
  const link = rows.length - seat;
  if (seat === 0) return `${unbroken(`${number(link)} asked`)} for a new link.`;
  return `${unbroken(`${number(seat)} asked`)} for a seat${link > 0 ? `, ${unbroken(`${number(link)} for`)} a new link` : ""}.`;
}

const notReached = (count: number) =>
  `The last email to ${people(count)} bounced or was marked as spam: ${count === 1 ? "that row says" : "those rows say"} the next step.`;

/** `The free seat is offered to ann@example.com.` If more people have an offer than there are seats, it says who gets one. */
function offeredTo(rows: readonly Person[], available: number): string {
  const who = named(rows);
  if (rows.length < available) return `${counted(rows.length, "seat is", "seats are")} offered to ${who}.`;
  const offer = `${available === 1 ? "The free seat is" : "The free seats are"} offered to ${who}.`;
  if (rows.length === available) return offer;
  return `${offer} The first ${available === 1 ? "to accept takes it" : `${number(available)} to accept take them`}.`;
}

/** At most three addresses, and how many more. */
export function named(rows: readonly Person[]): string {
  const shown = rows.length > 3 ? rows.slice(0, 2) : rows;
  const more = rows.length - shown.length;
  return `${shown.map(({ email }) => email).join(", ")}${more > 0 ? ` and ${number(more)} more` : ""}`;
}

function free(seats: number): string {
  return seats === 0 ? "no seat is free" : `${counted(seats, "seat is", "seats are")} free`;
}
