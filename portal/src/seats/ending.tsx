import { type Deal, type DealWithSeats, listDeals } from "../api";
import { fromNow, instant } from "../time";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";

/** A deal that ends this soon says so, in milliseconds. */
const SOON = 30 * 86_400_000;

export const endsSoon = ({ state, endsAt }: Deal, now: number) =>
  state === "active" && Date.parse(endsAt) - now <= SOON;

/** Whether a seat is free. */
const hasRoom = ({ seats }: DealWithSeats) => seats.available > 0;

/** The organisation's next deal that runs on after this one: first one with a free seat, then the one that starts first. */
export const successorOf = (deal: Deal, deals: DealWithSeats[]) =>
  deals
    .filter(
      ({ id, endsAt, state }) => id !== deal.id && state !== "ended" && Date.parse(endsAt) > Date.parse(deal.endsAt),
    )
    .toSorted((a, b) => Number(hasRoom(b)) - Number(hasRoom(a)) || Date.parse(a.startsAt) - Date.parse(b.startsAt))[0];

/** Says that a deal ends soon, with the way to its successor. */
export function Ending({ deal, now }: { deal: Deal; now: number }) {
  const { value } = useLoad(deal.id, () => listDeals());
  const next = value && successorOf(deal, value);
  return (
    <Notice tone="warn">
      <p>
        <Text>{`This deal ends ${fromNow(deal.endsAt, now)}, on ${instant(deal.endsAt)}.`}</Text>{" "}
        {value && !next && <Text>Ask your partnership manager for a new deal, so that your learners can go on.</Text>}
      </p>
      {next && (
        <p class="actions">
          <a href={`/deals/${next.id}`}>
            <Text>{`Go to ${next.name}, which runs until ${instant(next.endsAt)}`}</Text>
          </a>
          {!hasRoom(next) ? (
            <span>Every seat there is taken: ask your partnership manager for more.</span>
          ) : (
            next.state === "active" && (
              <a href={`/deals/${next.id}/invite?from=${deal.id}`}>Invite the same people there</a>
            )
          )}
        </p>
      )}
    </Notice>
  );
}
