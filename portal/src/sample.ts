/** For tests. */
import type { Invite } from "./api";

/** A text with a space for each no-break space, of which dates have some. */
export const spaced = (text: string) => text.replaceAll("\u00a0", " ");

/** A pending invite whose email was sent. */
export const INVITE: Invite = {
  id: "ann",
  email: "ann@example.com",
  name: null,
  status: "pending",
  queuedAt: "2026-11-01T00:00:00Z",
  sentAt: "2026-11-01T00:00:00Z",
  expiresAt: "2026-11-29T00:00:00Z",
  acceptedAt: null,
  acceptedWith: null,
  declinedAt: null,
  optedOutAt: null,
  askedAt: null,
  askedFor: null,
  removedAt: null,
  correctedTo: null,
  remindAt: null,
  invitedBy: null,
  sends: 1,
  delivery: { state: "sent", at: "2026-11-01T00:00:00Z", reason: null },
};
