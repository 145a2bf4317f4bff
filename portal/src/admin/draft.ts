/**
 * A deal that was sent to be made and not yet answered.
 *
 * Invariant: the same content is always sent with the same key, in this tab also after signing in again, so that a lost
 * answer never makes two deals. Other content gets another key.
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

/** The `Idempotency-Key` for these values, which are kept until the deal is made or given up. */
export function keyFor(values: Values): string {
  const content = JSON.stringify(newDeal(values));
  const draft = keptDraft();
  const key = draft?.content === content ? draft.key : crypto.randomUUID();
  keep(DRAFT, JSON.stringify({ values, content, key } satisfies Draft));
  return key;
}

export const dropDraft = () => drop(DRAFT);
