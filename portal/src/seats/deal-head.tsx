import type { Counts, Deal, Seats } from "../api";
import { instant } from "../time";
import { number, people, SeatNumbers } from "../ui/seat-numbers";
import { Notice } from "../ui/status";

/** What stays in sight of a deal: its dates, its three numbers, and whether more people may accept than there are seats. */
export function DealHead({ deal, seats, counts }: { deal: Deal; seats: Seats; counts: Counts | undefined }) {
  return (
    <>
      <p class="soft">
        {deal.organisation.name}, {instant(deal.startsAt)} – {instant(deal.endsAt)}
      </p>
      <SeatNumbers seats={seats} />
      {deal.state === "upcoming" && <Notice>This deal starts on {instant(deal.startsAt)}. Invites can be sent from then on.</Notice>}
      {deal.state === "ended" && <Notice>This deal ended on {instant(deal.endsAt)}. Nobody can be invited or accept any more.</Notice>}
      {deal.state === "active" && counts && counts.pending > seats.available && (
        <Notice>
          {atLeast(counts.pending, counts.exactUpTo, people)} may still accept,{" "}
          {seats.available === 1 ? "1 seat is" : `${number(seats.available)} seats are`} left.{" "}
          {seats.available > 0 && `Seats go to the first ${seats.available === 1 ? "one" : number(seats.available)}.`}
        </Notice>
      )}
    </>
  );
}

/** A count that is exact up to a bound: `1,000+` above. */
export function atLeast(count: number, exactUpTo: number, say: (count: number) => string = number): string {
  return count > exactUpTo ? say(count).replace(number(count), `${number(exactUpTo)}+`) : say(count);
}
