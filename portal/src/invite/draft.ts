/**
 * What is still to be sent, kept for when the page is gone before it is: a lost session, a reload.
 *
 * `sessionStorage`, so it ends with the tab, and with signing out.
 */
import type { InviteRow } from "../api";

export interface Draft {
  text: string;
  rows: InviteRow[];
}

const keyOf = (deal: string) => `invite:${deal}`;

export function keepDraft(deal: string, draft: Draft) {
  if (draft.text === "" && draft.rows.length === 0) sessionStorage.removeItem(keyOf(deal));
  else sessionStorage.setItem(keyOf(deal), JSON.stringify(draft));
}

export function restoreDraft(deal: string): Draft {
  const kept = sessionStorage.getItem(keyOf(deal));
  return kept === null ? { text: "", rows: [] } : (JSON.parse(kept) as Draft);
}
