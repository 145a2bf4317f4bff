import type { Counts, Seats } from "../api";
import { number, people } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { atLeast } from "./deal-head";

/** Says how many people asked for a new link or a seat, and resends to as many as there are free seats. */
export function Waiters({
  deal,
  counts: { asked, exactUpTo },
  seats: { available },
  listed,
  busy,
  onResend,
}: {
  deal: string;
  counts: Counts;
  seats: Seats;
  /** Whether the page lists them already. */
  listed: boolean;
  busy: boolean;
  onResend: () => void;
}) {
  if (asked === 0) return null;
  const many = atLeast(asked, exactUpTo, people);
  return (
    <Notice>
      <p>
        <strong>
          <Text>{`${many} ${asked === 1 ? "waits" : "wait"}, ${free(available)}.`}</Text>
        </strong>{" "}
        <Text>{`${asked === 1 ? "This person" : "They"} asked for a new link or a seat.`}</Text>
      </p>
      <p class="actions">
        {available > 0 && (
          <button type="button" class="small" disabled={busy} onClick={onResend}>
            <Text>{resend(asked, available)}</Text>
          </button>
        )}
        {!listed && <a href={`/deals/${deal}?status=asked`}>See who asked</a>}
      </p>
    </Notice>
  );
}

function free(seats: number): string {
  if (seats === 0) return "no seat is free";
  return seats === 1 ? "1 seat is free" : `${number(seats)} seats are free`;
}

function resend(asked: number, available: number): string {
  if (asked <= available) return asked === 1 ? "Resend the invite" : `Resend all ${number(asked)} invites`;
  return available === 1 ? "Resend to the first who asked" : `Resend to the first ${number(available)} who asked`;
}
