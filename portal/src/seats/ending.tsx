import { type Deal, type DealWithSeats, listDeals } from "../api";
import { fromNow, instant } from "../time";
import { useLoad } from "../ui/load";
import { counted } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";

/** A deal that ends this soon says so, in milliseconds. */
const SOON = 30 * 86_400_000;

export const endsSoon = ({ state, endsAt }: Deal, now: number) =>
  state === "active" && Date.parse(endsAt) - now <= SOON;

/** Whether a seat is free. */
const hasRoom = ({ seats }: DealWithSeats) => seats.available > 0;

/**
 * The organisation's deals that run on after this one: first those with a free seat, of these the one that runs longest. A deal
 * that ends hours later is seldom the next one.
 */
export const successorsOf = (deal: Deal, deals: DealWithSeats[]) =>
  deals
    .filter(
      ({ id, endsAt, state }) => id !== deal.id && state !== "ended" && Date.parse(endsAt) > Date.parse(deal.endsAt),
    )
    .toSorted((a, b) => Number(hasRoom(b)) - Number(hasRoom(a)) || Date.parse(b.endsAt) - Date.parse(a.endsAt));

/** More would push the page out of sight. */
const MOST_SHOWN = 3;

/** Says that a deal ends soon, with the ways to its successors. `inviting`: on the invite page. */
export function Ending({ deal, now, inviting = false }: { deal: Deal; now: number; inviting?: boolean }) {
  const { value } = useLoad(deal.id, () => listDeals());
  const next = value && successorsOf(deal, value);
  return (
    <Notice tone="warn">
      <p>
        <Text>
          {`This deal ends ${fromNow(deal.endsAt, now)}, on ${instant(deal.endsAt)}.${inviting ? " People who accept have a seat until then." : ""}`}
        </Text>{" "}
        {next?.length === 0 && (
          <Text>Ask your partnership manager for a new deal, so that your learners can go on.</Text>
        )}
        {next && next.length > 1 && <Text>{`${counted(next.length, "deal")} of your organisation run longer.`}</Text>}
      </p>
      {next?.slice(0, MOST_SHOWN).map((next) => (
        <p key={next.id} class="actions">
          <a href={`/deals/${next.id}`}>
            <Text>{`Go to ${next.name}, which runs until ${instant(next.endsAt)}`}</Text>
          </a>
          <span>
            <Text>{roomOf(next)}</Text>
          </span>
          {next.state === "active" && hasRoom(next) && (
            <a href={`/deals/${next.id}/invite${inviting ? "" : `?from=${deal.id}`}`}>
              {inviting ? "Invite people there instead" : "Invite the same people there"}
              <span class="visually-hidden"> ({next.name})</span>
            </a>
          )}
        </p>
      ))}
      {next && next.length > MOST_SHOWN && (
        <p class="actions">
          <a href="/deals">See all deals</a>
        </p>
      )}
    </Notice>
  );
}

function roomOf({ seats, state, startsAt }: DealWithSeats): string {
  if (seats.available === 0) return "Every seat there is taken: ask your partnership manager for more.";
  const free = `${counted(seats.available, "seat")} free.`;
  return state === "upcoming" ? `${free} You can invite people there from ${instant(startsAt)}.` : free;
}
