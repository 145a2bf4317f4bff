/**
 * Keeps the list across a reload or a lost session, until all is sent, the tab is closed, or the person signs out in it. While it is
 * being sent, its outcomes are kept too. After that, they are kept as long as a row of it is left.
 */
import { signal } from "@preact/signals";
import type { SendResult } from "../api";
import { drop, keep, kept } from "../storage";
import { counted } from "../ui/seat-numbers";
import type { Columns } from "./columns";
import type { LeftOut } from "./parse";
import type { Recipient } from "./recipients";

/** A row of the list. Its `id` is its place in what was pasted: rows are shown in another order. */
export interface DraftRow extends Recipient {
  readonly id: number;
  readonly verdict?: SendResult | undefined;
  readonly sent?: SendResult | undefined;
  readonly earlier?: "maybe" | "yes" | undefined;
}

export interface Draft {
  text: string;
  rows: DraftRow[];
  leftOut: LeftOut[];
  /** The answers so far, while a question about the text's columns is open. */
  answers?: Columns[];
  /** Set if sending has begun and not ended. */
  stage?: "sending" | "paused";
  /** The result of the last list, if some of its rows are left here. */
  last?: DraftRow[];
}

const keyOf = (deal: string) => `invite:${deal}`;

/** The deals whose lists this page has open. */
const open = new Set<string>();
/** Counts the changes of drafts. */
const changes = signal(0);

export function keepDraft(deal: string, draft: Draft) {
  open.add(deal);
  changes.value = changes.peek() + 1;
  if (draft.text === "" && draft.rows.length === 0) drop(keyOf(deal));
  else keep(keyOf(deal), JSON.stringify(draft));
}

export function restoreDraft(deal: string): Draft {
  const draft = kept(keyOf(deal));
  if (draft === null) return { text: "", rows: [], leftOut: [] };
  const { leftOut, ...rest } = JSON.parse(draft) as Draft;
  // A draft of an earlier version has numbers only.
  return { ...rest, leftOut: Array.isArray(leftOut) ? leftOut : [] };
}

/** The rows left of a list whose sending was stopped, or ended with the page that sent it. Components follow it. */
export function unsentOf(deal: string): DraftRow[] {
  void changes.value;
  const { rows, stage } = restoreDraft(deal);
  return stage === "paused" || (stage === "sending" && !open.has(deal)) ? rows.filter(isDue) : [];
}

/** What is known of the invites that have no outcome. */
export function leftOver(rows: { earlier?: unknown }[], one: string, many: string): string {
  const unsure = rows.filter(({ earlier }) => earlier).length;
  const unsent = rows.length - unsure;
  const parts = [
    unsent > 0 && `${counted(unsent, `invite ${one}`, `invites ${many}`)}.`,
    unsure > 0 && `No answer came for ${counted(unsure, "invite")}, which may have been sent.`,
  ];
  return parts.filter(Boolean).join(" ");
}

/** The number of rows of a list whose sending has not begun, or has ended. Components follow it. */
export function keptBy(deal: string): number {
  void changes.value;
  const { rows, stage } = restoreDraft(deal);
  return stage ? 0 : rows.length;
}

/** The deals for which files wait to be read. */
const waiting = new Set<string>();
export const markWaiting = (deal: string, isIt: boolean) => (isIt ? waiting.add(deal) : waiting.delete(deal));

/** Whether leaving the page ends the sending of a list, or loses files: no storage of the browser keeps them. */
export const losesWork = () => isSendingList() || waiting.size > 0;

/** Whether this page is sending a list: that ends when the page is left. */
export const isSendingList = () => [...open].some((deal) => restoreDraft(deal).stage === "sending");

/** Whether a row is to be sent. */
export const isDue = ({ verdict, sent }: Pick<DraftRow, "verdict" | "sent">) => verdict?.outcome === "invited" && !sent;

/** Rows with the same key are of the same address. The API knows more spellings of an address. */
export const keyOfAddress = ({ email }: Pick<Recipient, "email">) => email.trim().toLowerCase();

/** A line that reads as this person: `"Roe, Bob" <bob@example.com>` */
export function asRecipient({ email, name }: { email: string; name?: string | null }): string {
  const shown = name?.replace(/["<>]/g, "");
  return shown ? `${/[,;]/.test(shown) ? `"${shown}"` : shown} <${email}>` : email;
}

const typedIn = (deal: string) => `typed:${deal}`;

/** Keeps a text that was searched for in vain, for the invite page: no URL may hold it. */
export const keepTyped = (deal: string, text: string) => keep(typedIn(deal), text);

export function takeTyped(deal: string): string {
  const text = kept(typedIn(deal)) ?? "";
  drop(typedIn(deal));
  return text;
}
