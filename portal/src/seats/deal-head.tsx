import { useEffect } from "preact/hooks";
import type { Counts, Deal, Seats } from "../api";
import { dateTime, instant } from "../time";
import { nameDeal } from "../ui/ongoing";
import { counted, number, people, SeatNumbers } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";

/** A deal's dates and seats. Says so if it has more pending invites than free seats. */
export function DealHead({
  deal,
  seats,
  counts,
  asOf,
}: {
  deal: Deal;
  seats: Seats;
  counts: Counts | undefined;
  /** When the numbers were loaded, if a later refresh failed, or if they are old. */
  asOf?: { at: number; isOld?: boolean };
}) {
  useEffect(() => nameDeal(deal.id, deal.name), [deal.id, deal.name]);
  return (
    <>
      <p class="soft">
        <Text>{`${deal.organisation.name}, ${instant(deal.startsAt)} – ${instant(deal.endsAt)}`}</Text>
        {deal.state !== "ended" && (
          <>
            {" · "}
            <a class="alone" href={`/deals/${deal.id}/settings`}>
              Reminders
            </a>
          </>
        )}
      </p>
      <SeatNumbers seats={seats} ended={deal.state === "ended"}>
        {deal.state === "active" && counts && counts.pending > seats.available && (
          <p class="room">
            <Text>{pendingAndLeft(counts, seats)}</Text>
          </p>
        )}
      </SeatNumbers>
      {asOf && (
        <p class="soft" role="status">
          <Text>
            {`All numbers are as of ${dateTime(new Date(asOf.at).toISOString())}. ${asOf.isOld ? "Reload the page to refresh them." : "They could not be refreshed."}`}
          </Text>
        </p>
      )}
      {deal.state === "upcoming" && (
        <Notice>
          <Text>{`This deal starts on ${instant(deal.startsAt)}. You can send invites from then on.`}</Text>
        </Notice>
      )}
      {deal.state === "ended" && (
        <Notice>
          <Text>{`This deal ended on ${instant(deal.endsAt)}. Nobody can be invited or accept any more.`}</Text>
        </Notice>
      )}
      {deal.state === "active" && seats.available === 0 && (
        <Notice tone="warn">
          <Text>
            Every seat is taken: nobody can accept until a seat is free. De-allocate a seat, or ask your partnership
            manager for more seats.
          </Text>
        </Notice>
      )}
    </>
  );
}

/** `30 pending, 12 seats left. The first 12 to accept get them.` */
function pendingAndLeft({ pending, exactUpTo }: Counts, { available }: Seats): string {
  const left = `${atLeast(pending, exactUpTo)} pending, ${available === 0 ? "no seat" : counted(available, "seat")} left.`;
  if (available === 0) return left;
  return `${left} ${available === 1 ? "The first to accept gets it." : `The first ${number(available)} to accept get them.`}`;
}

/** For more pending and due invites than free seats, of which there is one at least. */
export function moreThanSeats(due: number, { pending, exactUpTo }: Counts, { available }: Seats): string {
  // The due ones are counted here, without a limit.
  const many = atLeast(pending + due, pending > exactUpTo ? exactUpTo + due : Number.POSITIVE_INFINITY, people);
  if (available === 1) return `${many} may still accept, but only 1 seat is left. The first to accept gets it.`;
  return `${many} may still accept, but only ${number(available)} seats are left. The first ${number(available)} to accept get them.`;
}

/** The API counts up to a limit: above it, `1,000+`. */
export function atLeast(count: number, exactUpTo: number, say: (count: number) => string = number): string {
  return count > exactUpTo ? say(count).replace(number(count), `${number(exactUpTo)}+`) : say(count);
}
