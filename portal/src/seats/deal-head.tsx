import type { Counts, Deal, Seats } from "../api";
import { instant } from "../time";
import { number, people, SeatNumbers } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";

/** What stays in sight of a deal: its dates, its three numbers, and whether more people may accept than there are seats. */
export function DealHead({ deal, seats, counts }: { deal: Deal; seats: Seats; counts: Counts | undefined }) {
  return (
    <>
      <p class="soft">
        <Text>{`${deal.organisation.name}, ${instant(deal.startsAt)} – ${instant(deal.endsAt)}`}</Text>
      </p>
      <SeatNumbers seats={seats} />
      {deal.state === "upcoming" && <Notice><Text>{`This deal starts on ${instant(deal.startsAt)}. Invites can be sent from then on.`}</Text></Notice>}
      {deal.state === "ended" && <Notice><Text>{`This deal ended on ${instant(deal.endsAt)}. Nobody can be invited or accept any more.`}</Text></Notice>}
      {deal.state === "active" && counts && counts.pending > seats.available && (
        <Notice><Text>{moreThanSeats(counts, seats)}</Text></Notice>
      )}
    </>
  );
}

function moreThanSeats({ pending, exactUpTo }: Counts, { available }: Seats): string {
  const left = available === 1 ? "1 seat is" : `${number(available)} seats are`;
  const first = available > 0 ? ` Seats go to the first ${available === 1 ? "one" : number(available)}.` : "";
  return `${atLeast(pending, exactUpTo, people)} may still accept, ${left} left.${first}`;
}

/** A count that is exact up to a bound: `1,000+` above. */
export function atLeast(count: number, exactUpTo: number, say: (count: number) => string = number): string {
  return count > exactUpTo ? say(count).replace(number(count), `${number(exactUpTo)}+`) : say(count);
}
