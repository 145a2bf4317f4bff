/** Addresses that an email of another deal of the organisation did not reach. */
import { listDeals, listSeats } from "../api";
import { adviceAgain, placeOf } from "../seats/words";
import { keyOfAddress } from "./draft";
import { sourcesFor } from "./learners";

/** Each costs a request: the likeliest are read. */
const MOST_DEALS = 5;

/** By address, what happened: of the newest 200 of each deal. */
export async function bouncesBeside(deal: string): Promise<Map<string, string>> {
  const others = sourcesFor(deal, await listDeals(), Date.now()).slice(0, MOST_DEALS);
  const found = await Promise.all(
    others.map(async ({ id, name }) => {
      const { invites } = await listSeats(id, { status: "undelivered", limit: 200 });
      return invites.map((invite) => {
        const { sentence } = placeOf(invite, { available: 0, active: true });
        const words = [sentence, `That was in ${name}.`, adviceAgain(invite, false)];
        return [keyOfAddress({ email: invite.email }), words.filter(Boolean).join(" ")] as const;
      });
    }),
  );
  return new Map(found.flat().toReversed());
}
