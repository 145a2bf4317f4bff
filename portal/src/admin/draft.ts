/**
 * A deal that was sent to be made and not yet answered.
 *
 * Invariant: the same content is always sent with the same key, in this tab also after signing in again, so that a lost
 * answer never makes two deals. Other content gets another key.
 */
import { newDeal, type Values } from "./fields";

const DRAFT = "new-deal";

interface Draft {
  values: Values;
  content: string;
  key: string;
}

export function keptDraft(): Draft | undefined {
  const kept = sessionStorage.getItem(DRAFT);
  return kept === null ? undefined : (JSON.parse(kept) as Draft);
}

/** The `Idempotency-Key` for these values, which are kept until the deal is made or given up. */
export function keyFor(values: Values): string {
  const content = JSON.stringify(newDeal(values));
  const kept = keptDraft();
  const key = kept?.content === content ? kept.key : crypto.randomUUID();
  sessionStorage.setItem(DRAFT, JSON.stringify({ values, content, key } satisfies Draft));
  return key;
}

export const dropDraft = () => sessionStorage.removeItem(DRAFT);
