/**
 * The new deals that were entered, and those that were sent and got no answer.
 *
 * Invariant: in this tab, the `Idempotency-Key` of an organisation's deal stays the same while the outcome of an attempt is not
 * known, even if the values change and after another sign-in. So a lost answer never leads to two deals. A deal of another
 * organisation is another deal, and has a key of its own.
 */
import { createDeal, type DealWithSeats, listDeals, type NewDeal } from "../api";
import { drop, editedOf, keep, kept } from "../storage";
import { asProblem } from "../ui/load";
import { newDeal, type Values } from "./fields";

/** What was entered on the page of an organisation, or on that of all. It is not for another organisation's page. */
export const enteredOn = (organisation: string) => editedOf<Values>(`new-deal:${organisation}`);

const ATTEMPTS = "new-deal";

/** To create a deal of one organisation. */
export interface Attempt {
  key: string;
  /** What was sent with this key and got no answer; the last is the newest. */
  deals: NewDeal[];
  /** The ids of the organisation's deals before. */
  before: string[];
}

/** The attempts whose deal may exist. */
export const unanswered = (): Attempt[] => JSON.parse(kept(ATTEMPTS) ?? "[]") as Attempt[];

export const isOf = (organisation: string) => (attempt: Attempt) => attempt.deals[0]!.organisation.id === organisation;

export const unansweredOf = (organisation: string) => unanswered().find(isOf(organisation));

function note(organisation: string, attempt: Attempt | undefined) {
  const others = unanswered().filter((other) => !isOf(organisation)(other));
  const all = attempt && attempt.deals.length > 0 ? [...others, attempt] : others;
  if (all.length > 0) keep(ATTEMPTS, JSON.stringify(all));
  else drop(ATTEMPTS);
}

/**
 * Creates the deal, unless an earlier attempt without an answer has created one of this organisation: then that one is the
 * result. `listed`: the organisation's deals.
 */
export async function createOnce(
  values: Values,
  listed: DealWithSeats[],
  create: typeof createDeal = createDeal,
): Promise<{ deal: DealWithSeats; isEarlier: boolean }> {
  const deal = newDeal(values);
  const { id } = deal.organisation;
  const { key, deals, before } = unansweredOf(id) ?? {
    key: crypto.randomUUID(),
    deals: [],
    before: listed.map(({ id }) => id),
  };
  const others = deals.filter((other) => JSON.stringify(other) !== JSON.stringify(deal));
  note(id, { key, deals: [...others, deal], before });
  const attempt = async (sent: NewDeal) => {
    try {
      const created = await create(sent, key);
      note(id, undefined);
      return created;
    } catch (error) {
      if (asProblem(error).code === "idempotency_key_reused") return undefined;
      if (!asProblem(error).isLost) note(id, { key, deals, before });
      throw error;
    }
  };
  const created = await attempt(deal);
  if (created) return { deal: created, isEarlier: false };
  for (const other of others) {
    const earlier = await attempt(other);
    if (earlier) return { deal: earlier, isEarlier: true };
  }
  // An earlier attempt's deal was deleted.
  note(id, undefined);
  return createOnce(values, listed, create);
}

const isSame = (a: string, b: string) => a.replace(/\s+/g, " ").trim() === b.replace(/\s+/g, " ").trim();
const isAt = (a: string, b: string) => Date.parse(a) === Date.parse(b);

/** Of an attempt without an answer. The list of deals may lag, so a deal that is not listed may exist. */
export interface Outcome {
  sent: NewDeal;
  /** What it has created. Undefined if it is not listed. */
  deal: DealWithSeats | undefined;
}

/** Whether a deal has the values that were sent. The API may have cleaned the name. */
const isMadeOf =
  ({ name, seats, startsAt, endsAt }: NewDeal) =>
  (deal: DealWithSeats) =>
    isSame(name, deal.name) && seats === deal.seats.total && isAt(startsAt, deal.startsAt) && isAt(endsAt, deal.endsAt);

/** Reads what the attempts without an answer have created, and forgets those that have. */
export const lookUp = (list: typeof listDeals = listDeals): Promise<Outcome[]> =>
  Promise.all(
    unanswered().map(async ({ deals, before }) => {
      const { id } = deals[0]!.organisation;
      const listed = (await list(id)).filter((deal) => !before.includes(deal.id));
      for (const sent of deals) {
        const deal = listed.find(isMadeOf(sent));
        if (!deal) continue;
        note(id, undefined);
        return { sent, deal };
      }
      return { sent: deals.at(-1)!, deal: undefined };
    }),
  );

/** Forgets what was entered on a page, if an attempt has created it. */
export function dropCreated(organisation: string, outcomes: Outcome[]) {
  const values = enteredOn(organisation).kept();
  const isCreated = ({ sent, deal }: Outcome) => deal && JSON.stringify(sent) === JSON.stringify(newDeal(values!));
  if (values && outcomes.some(isCreated)) enteredOn(organisation).keep(undefined);
}
