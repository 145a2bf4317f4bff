/**
 * The new deal that was last entered, until the API confirms it.
 *
 * Invariant: in this tab, the `Idempotency-Key` stays the same while the outcome of an attempt is not known, even if the values
 * change and after another sign-in. So a lost answer never leads to two deals.
 */
import { createDeal, type DealWithSeats, type NewDeal } from "../api";
import { drop, keep, kept } from "../storage";
import { asProblem } from "../ui/load";
import { newDeal, type Values } from "./fields";

const DRAFT = "new-deal";

interface Draft {
  values: Values;
  key: string;
  /** What was sent with this key and got no answer. */
  unknown: NewDeal[];
}

export function keptDraft(): Draft | undefined {
  const text = kept(DRAFT);
  return text === null ? undefined : (JSON.parse(text) as Draft);
}

export const dropDraft = () => drop(DRAFT);

/** Whether an attempt got no answer, so that its deal may exist. */
export const isUnknown = () => (keptDraft()?.unknown ?? []).length > 0;

const draft = () => keptDraft() ?? { key: crypto.randomUUID(), unknown: [] };

/** Keeps what is entered, also for after a closed form. */
export const keepValues = (values: Values) => keep(DRAFT, JSON.stringify({ ...draft(), values } satisfies Draft));

/** Creates the deal, unless an earlier attempt without an answer has created one: then that one is the result. */
export async function createOnce(
  values: Values,
  create: typeof createDeal = createDeal,
): Promise<{ deal: DealWithSeats; isEarlier: boolean }> {
  const deal = newDeal(values);
  const { key, unknown } = draft();
  const note = (unknown: NewDeal[]) => keep(DRAFT, JSON.stringify({ values, key, unknown } satisfies Draft));
  const others = unknown.filter((other) => JSON.stringify(other) !== JSON.stringify(deal));
  note([...others, deal]);
  const attempt = (deal: NewDeal) =>
    create(deal, key).catch((error) => {
      if (asProblem(error).code === "idempotency_key_reused") return undefined;
      if (!asProblem(error).isLost) note(unknown);
      throw error;
    });
  const created = await attempt(deal);
  if (created) return { deal: created, isEarlier: false };
  for (const other of others) {
    const earlier = await attempt(other);
    if (earlier) return { deal: earlier, isEarlier: true };
  }
  // An earlier attempt's deal was deleted.
  drop(DRAFT);
  return createOnce(values, create);
}
