/**
 * The new deal that was last submitted, until the API confirms it.
 *
 * Invariant: in this tab, the same content is always sent with the same `Idempotency-Key`, even after another sign-in. So a
 * lost response never leads to two deals.
 */
import { drop, keep, kept } from "../storage";
import { newDeal, type Values } from "./fields";

const DRAFT = "new-deal";

interface Draft {
  values: Values;
  content: string;
  key: string;
}

export function keptDraft(): Draft | undefined {
  const text = kept(DRAFT);
  return text === null ? undefined : (JSON.parse(text) as Draft);
}

/** The `Idempotency-Key` for these values. Stores both until the deal is created or given up. */
export function keyFor(values: Values): string {
  const content = JSON.stringify(newDeal(values));
  const draft = keptDraft();
  const key = draft?.content === content ? draft.key : crypto.randomUUID();
  keep(DRAFT, JSON.stringify({ values, content, key } satisfies Draft));
  return key;
}

export const dropDraft = () => drop(DRAFT);
