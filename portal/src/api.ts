/** The HTTP contract, as the pages use it (docs/openapi.yaml). */
import { endSession, session } from "./session";

export type ListedStatus = "pending" | "accepted" | "expired";

export interface Deal {
  id: string;
  name: string;
  organisation: { id: string; name: string };
  startsAt: string;
  endsAt: string;
  state: "upcoming" | "active" | "ended";
}
export interface Seats {
  total: number;
  allocated: number;
  available: number;
}
export type DealWithSeats = Deal & { seats: Seats };

export interface Invite {
  id: string;
  email: string;
  name: string | null;
  status: ListedStatus | "cancelled" | "released";
  queuedAt: string;
  sentAt: string | null;
  expiresAt: string | null;
  acceptedAt: string | null;
  acceptedWith: "invited_address" | "other_address" | null;
  invitedBy: string | null;
  sends: number;
  delivery: { state: "queued" | "sent" | "failed"; at: string; reason: string | null };
}
export interface Page {
  deal: Deal;
  seats: Seats;
  invites: Invite[];
  nextCursor: string | null;
}
export interface Counts {
  pending: number;
  accepted: number;
  expired: number;
  exactUpTo: number;
}

export interface InviteRow {
  email: string;
  name?: string;
}
export type SendOutcome =
  | "invited" | "already_pending" | "already_accepted" | "duplicate" | "invalid_email" | "too_soon" | "unavailable";
export interface SendResult {
  email: string;
  outcome: SendOutcome;
  inviteId?: string;
  detail?: string;
  retryAt?: string;
}
export interface SendAnswer {
  results: SendResult[];
  summary: { invited: number; skipped: number; rejected: number; failed: number };
}
export type ResendOutcome = "resent" | "stale" | "already_accepted" | "not_found" | "too_soon" | "unavailable";
export interface ResendAnswer {
  results: { inviteId: string; outcome: ResendOutcome }[];
  summary: { resent: number; skipped: number; failed: number };
  remaining: number;
}

export interface Preview {
  organisation: { id: string; name: string };
  deal: Deal;
  email: string | null;
  status: ListedStatus;
  expiresAt: string | null;
  blocked: "deal_full" | "deal_not_started" | "deal_ended" | null;
}
export interface Accepted {
  dealId: string;
  organisation: { id: string; name: string };
  acceptedAt: string;
}

export interface NewDeal {
  organisation: { id: string; name: string };
  name: string;
  seats: number;
  startsAt: string;
  endsAt: string;
}

/** Why a request failed: the problem document's code, or one of those that no function answers. */
export class Problem extends Error {
  constructor(
    /** `offline`: no answer came. `session_over`, `no_permission`: the gateway refused. Otherwise as in the API's contract. */
    readonly code: string,
    /** For people. */
    readonly detail: string,
    /** HTTP's, 0 without an answer. */
    readonly status = 0,
    readonly errors: { field: string; detail: string }[] = [],
    /** In seconds, if the answer says when to try again. */
    readonly retryAfter: number | undefined = undefined,
  ) {
    super(code);
  }

  /** Whether trying the same again can help. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Options {
  body?: unknown;
  headers?: Record<string, string>;
}
interface Answer<T> {
  body: T;
  etag: string | null;
}

async function call<T>(method: string, path: string, { body, headers = {} }: Options = {}): Promise<Answer<T>> {
  const token = session.value?.accessToken;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      cache: "no-store",
      credentials: "omit",
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.ok) {
      const content = response.status === 204 ? undefined : await response.json();
      return { body: content as T, etag: response.headers.get("etag") };
    }
  } catch {
    throw new Problem("offline", "There is no connection to Seatkeeper.");
  }
  throw await problemOf(response);
}

/** Reads a refusal: a function's problem document, or the gateway's own body. */
async function problemOf(response: Response): Promise<Problem> {
  const { status } = response;
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(after) ? after : undefined;
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
    const { code, detail, errors } = await response.json().catch(() => ({}));
    if (typeof code === "string") return new Problem(code, detail ?? "", status, errors, retryAfter);
  }
  if (status === 401) {
    endSession();
    return new Problem("session_over", "Your session is over. Sign in again.", status);
  }
  if (status === 403) return new Problem("no_permission", "This account may not do that.", status);
  if (status === 429) return new Problem("too_many_requests", "Too many requests at once.", status, [], retryAfter);
  return new Problem("unavailable", "Seatkeeper can’t answer right now.", status, [], retryAfter);
}

const at = (deal: string, rest = "") => `/api/deals/${encodeURIComponent(deal)}${rest}`;
const ifMatch = (tag: string | null | undefined) => (tag ? { "if-match": tag } : {});
const sendsTag = (invite: { sends: number }) => ifMatch(`"${invite.sends}"`);

async function read<T>(path: string): Promise<T> {
  return (await call<T>("GET", path)).body;
}
async function post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return (await call<T>("POST", path, { body, headers })).body;
}

export const listDeals = async (organisation?: string) =>
  (await read<{ deals: DealWithSeats[] }>(`/api/deals${organisation ? `?${new URLSearchParams({ organisation })}` : ""}`)).deals;

/** A deal, with the tag that a change of it names. */
export const getDeal = (deal: string) => call<DealWithSeats>("GET", at(deal));

/** `key` makes trying again safe: the same key and body are the same deal. */
export const createDeal = (deal: NewDeal, key: string) =>
  post<DealWithSeats>("/api/deals", deal, { "idempotency-key": key });

/** What changes of a deal; of its organisation only the name, and only as this deal shows it. */
export type DealChange = Partial<Omit<NewDeal, "organisation">> & { organisation?: { name: string } };

export const changeDeal = (deal: string, change: DealChange, tag: string | null) =>
  call<DealWithSeats>("PATCH", at(deal), { body: change, headers: ifMatch(tag) });

export interface PageQuery {
  status?: ListedStatus | undefined;
  cursor?: string | undefined;
  limit?: number;
}

export function listSeats(deal: string, query: PageQuery): Promise<Page> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return read(at(deal, `/seats${text && `?${text}`}`));
}

/** A POST, because addresses stay out of URLs. */
export const searchSeats = (deal: string, email: string, query: PageQuery) =>
  post<Page>(at(deal, "/seats/search"), { email, ...query });

export const getCounts = (deal: string) => read<Counts>(at(deal, "/counts"));

export const getInvite = (deal: string, invite: string) => read<Invite>(at(deal, `/invites/${invite}`));

/** At most 1,000 rows. A dry run says what would become of them, and changes nothing. */
export const sendInvites = (deal: string, invites: InviteRow[], dryRun: boolean) =>
  post<SendAnswer>(at(deal, "/invites"), { invites, dryRun });

/** Names the send that the manager saw, so that a double click sends once. */
export const resendInvite = async (deal: string, invite: { id: string; sends: number }) =>
  (await call<Invite>("POST", at(deal, `/invites/${invite.id}/resend`), { headers: sendsTag(invite) })).body;

export const resendInvites = (deal: string, invites: { id: string; sends: number }[]) =>
  post<ResendAnswer>(at(deal, "/invites/resend"), { invites: invites.map(({ id, sends }) => ({ id, sends })) });

export async function cancelInvite(deal: string, invite: { id: string; sends: number }) {
  await call("DELETE", at(deal, `/invites/${invite.id}`), { headers: sendsTag(invite) });
}

export async function releaseSeat(deal: string, invite: { id: string; sends: number }) {
  await call("DELETE", at(deal, `/seats/${invite.id}`), { headers: sendsTag(invite) });
}

export const previewInvite = (token: string) => post<Preview>("/api/invites/preview", { token });

export const acceptInvite = (token: string) => post<Accepted>("/api/invites/accept", { token });
