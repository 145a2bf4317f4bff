import type { Counts, Invite, Seats } from "../api";
import { unbroken } from "../time";
import { counted, number, people } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { leftOut } from "./bulk";
import { atLeast } from "./deal-head";

/** Says how many people asked for a new link or a seat. Their list can resend to as many as there are free seats. */
export function Waiters({
  deal,
  counts: { asked, exactUpTo },
  seats: { available },
  listed,
  busy,
  onResend,
  onSee,
}: {
  deal: string;
  counts: Counts;
  seats: Seats;
  /** Those who asked first, if the page lists them. */
  listed: Invite[] | undefined;
  busy: boolean;
  onResend: (rows: Invite[]) => void;
  /** The manager goes to their list. */
  onSee: () => void;
}) {
  if (asked === 0) return null;
  const first = listed?.filter((row) => !leftOut(row)).slice(0, available) ?? [];
  return (
    <Notice>
      <p>
        <strong>
          <Text>{`${atLeast(asked, exactUpTo, people)} ${asked === 1 ? "waits" : "wait"}, ${free(available)}.`}</Text>
        </strong>{" "}
        <Text>
          {listed?.length === asked
            ? askedFor(listed)
            : `${asked === 1 ? "This person" : "They"} asked for a new link or a seat.`}
        </Text>
      </p>
      {first.length > 0 && (
        <p key="resend" class="actions">
          <button type="button" class="small" disabled={busy} onClick={() => onResend(first)}>
            <Text>{`Resend to ${named(first)}`}</Text>
          </button>
        </p>
      )}
      {!listed && (
        <p key="list" class="actions">
          <a href={`/deals/${deal}?status=asked`} onClick={onSee}>
            <Text>{available === 0 ? "See who asked" : "See who asked, and resend"}</Text>
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

/** At most three addresses, and how many more. */
export function named(rows: Invite[]): string {
  const shown = rows.length > 3 ? rows.slice(0, 2) : rows;
  const more = rows.length - shown.length;
  return `${shown.map(({ email }) => email).join(", ")}${more > 0 ? ` and ${number(more)} more` : ""}`;
}

function free(seats: number): string {
  return seats === 0 ? "no seat is free" : `${counted(seats, "seat is", "seats are")} free`;
}
