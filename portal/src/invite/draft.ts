/** Keeps the unsent list across a reload or a lost session, until the tab is closed or the person signs out. */
import type { InviteRow } from "../api";
import { drop, keep, kept } from "../storage";

export interface Draft {
  text: string;
  rows: InviteRow[];
}

const keyOf = (deal: string) => `invite:${deal}`;

export function keepDraft(deal: string, draft: Draft) {
  if (draft.text === "" && draft.rows.length === 0) drop(keyOf(deal));
  else keep(keyOf(deal), JSON.stringify(draft));
}

export function restoreDraft(deal: string): Draft {
  const draft = kept(keyOf(deal));
  return draft === null ? { text: "", rows: [] } : (JSON.parse(draft) as Draft);
}
