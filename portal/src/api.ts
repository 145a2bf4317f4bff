/** Calls to the API (docs/openapi.yaml). */
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
  | "invited"
  | "already_pending"
  | "already_accepted"
  | "duplicate"
  | "invalid_email"
  | "too_soon"
  | "unavailable";
export interface SendResult {
  email: string;
  outcome: SendOutcome;
  inviteId?: string;
  detail?: string;
  retryAt?: string;
}
export interface SendResponse {
  results: SendResult[];
  summary: { invited: number; skipped: number; rejected: number; failed: number };
}
export type ResendOutcome = "resent" | "stale" | "already_accepted" | "not_found" | "too_soon" | "unavailable";
export interface ResendResponse {
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

/** Why a request failed. */
export class Problem extends Error {
  constructor(
    /** `offline`: no response. `session_over`, `no_permission`: refused by the gateway. Others: docs/openapi.yaml. */
    readonly code: string,
    /** Shown to people. */
    readonly detail: string,
    /** 0 if no response arrived. */
    readonly status = 0,
    readonly errors: { field: string; detail: string }[] = [],
    /** Seconds to wait, if the response says so. */
    readonly retryAfter: number | undefined = undefined,
  ) {
    super(code);
  }

  /** Whether a retry can help. */
  get temporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Options {
  body?: unknown;
  headers?: Record<string, string>;
}
interface ApiResponse<T> {
  body: T;
  etag: string | null;
}

async function request<T>(method: string, path: string, { body, headers = {} }: Options = {}): Promise<ApiResponse<T>> {
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
    throw new Problem("offline", "Can’t connect to Seatkeeper.");
  }
  throw await problemOf(response);
}

/** A function refuses with a problem document, the gateway with a body of its own. */
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
    return new Problem("session_over", "Your session has ended. Sign in again.", status);
  }
  if (status === 403) return new Problem("no_permission", "This account does not have permission.", status);
  if (status === 429) return new Problem("too_many_requests", "Too many requests.", status, [], retryAfter);
  return new Problem("unavailable", "Seatkeeper is not available right now.", status, [], retryAfter);
}

const at = (deal: string, rest = "") => `/api/deals/${encodeURIComponent(deal)}${rest}`;
const ifMatch = (tag: string | null | undefined) => (tag ? { "if-match": tag } : {});
const sendsTag = (invite: { sends: number }) => ifMatch(`"${invite.sends}"`);

async function read<T>(path: string): Promise<T> {
  return (await request<T>("GET", path)).body;
}
async function post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return (await request<T>("POST", path, { body, headers })).body;
}

export const listDeals = async (organisation?: string) =>
  (
    await read<{ deals: DealWithSeats[] }>(
      `/api/deals${organisation ? `?${new URLSearchParams({ organisation })}` : ""}`,
    )
  ).deals;

/** A deal, and the `ETag` that `changeDeal` sends back. */
export const getDeal = (deal: string) => request<DealWithSeats>("GET", at(deal));

/** A retry with the same key and body creates no second deal. */
export const createDeal = (deal: NewDeal, key: string) =>
  post<DealWithSeats>("/api/deals", deal, { "idempotency-key": key });

/** The organisation's name changes on this deal only. */
export type DealChange = Partial<Omit<NewDeal, "organisation">> & { organisation?: { name: string } };

export const changeDeal = (deal: string, change: DealChange, tag: string | null) =>
  request<DealWithSeats>("PATCH", at(deal), { body: change, headers: ifMatch(tag) });

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

/** A POST keeps addresses out of URLs. */
export const searchSeats = (deal: string, email: string, query: PageQuery) =>
  post<Page>(at(deal, "/seats/search"), { email, ...query });

export const getCounts = (deal: string) => read<Counts>(at(deal, "/counts"));

export const getInvite = (deal: string, invite: string) => read<Invite>(at(deal, `/invites/${invite}`));

/** At most 1,000 rows. A dry run predicts each row's outcome and changes nothing. */
export const sendInvites = (deal: string, invites: InviteRow[], dryRun: boolean) =>
  post<SendResponse>(at(deal, "/invites"), { invites, dryRun });

/** `If-Match` names the send that the manager saw, so a double click sends once. */
export const resendInvite = async (deal: string, invite: { id: string; sends: number }) =>
  (await request<Invite>("POST", at(deal, `/invites/${invite.id}/resend`), { headers: sendsTag(invite) })).body;

export const resendInvites = (deal: string, invites: { id: string; sends: number }[]) =>
  post<ResendResponse>(at(deal, "/invites/resend"), { invites: invites.map(({ id, sends }) => ({ id, sends })) });

export async function cancelInvite(deal: string, invite: { id: string; sends: number }) {
  await request("DELETE", at(deal, `/invites/${invite.id}`), { headers: sendsTag(invite) });
}

export async function releaseSeat(deal: string, invite: { id: string; sends: number }) {
  await request("DELETE", at(deal, `/seats/${invite.id}`), { headers: sendsTag(invite) });
}

export const previewInvite = (token: string) => post<Preview>("/api/invites/preview", { token });

export const acceptInvite = (token: string) => post<Accepted>("/api/invites/accept", { token });
