/**
 * Calls to the API. `types/openapi.d.ts` is made from docs/openapi.yaml by `npm run types`.
 *
 * Invariant: every request of the portal ends within `PATIENCE`, and an answer is used only if it has the expected shape.
 */

import type { components } from "../types/openapi";
import { PATIENCE } from "./config";
import { currentToken, endSession } from "./session";

type Schemas = components["schemas"];

export type ListedStatus = Schemas["ListedStatus"];
export type Deal = Schemas["DealSummary"];
export type Seats = Schemas["Seats"];
export type DealWithSeats = Schemas["Deal"];
export type Invite = Schemas["Invite"];
export type InviteDetail = Schemas["InviteDetail"];
/** What a list can be narrowed to. `removed`: cancelled or de-allocated in the last 30 days. */
export type Filter = Schemas["ListFilter"] | "removed";
export type Page = Omit<Schemas["Page"], "invites"> & { invites: Invite[] };
export type Counts = Omit<Schemas["Counts"], "exactUpTo"> & { exactUpTo: number };
export type SendOutcome = Schemas["SendOutcome"];
export type SendResponse = Schemas["SendResult"];
export type SendResult = SendResponse["results"][number];
export type ResendOutcome = Schemas["ResendOutcome"];
export type ResendResponse = Schemas["ResendResult"];
export type CancelOutcome = Schemas["CancelOutcome"];
export type Preview = Schemas["Preview"];
export type Accepted = Schemas["Accepted"];
export type Declined = Schemas["Declined"];
export type Asked = Schemas["Asked"];
export type OptOut = Schemas["OptOut"];
/** A seat of the signed-in learner. */
export type OwnSeat = Schemas["OwnSeats"]["seats"][number];
/** What a link that no longer works says of its invite. */
export type Gone = Pick<Preview, "organisation" | "askedAt" | "optedOut">;
export type NewDeal = Schemas["NewDeal"];

/** The API takes any value for these, and refuses the row. */
export interface InviteRow {
  email: string;
  name?: string;
}

type RequiredKey<T> = keyof { [K in keyof T as T extends Record<K, T[K]> ? K : never]: K };
/** An example of a required field has its type. `null`: the field may be null, or may have any type. */
type Sample<T> = null extends T
  ? null
  : T extends string
    ? ""
    : T extends number
      ? 0
      : T extends boolean
        ? false
        : T extends (infer Item)[]
          ? [Sample<Item>]
          : { [K in RequiredKey<T> & keyof T]: Sample<T[K]> };

const ORGANISATION: Sample<Deal["organisation"]> = { id: "", name: "" };
const SUMMARY: Sample<Deal> = { id: "", name: "", organisation: ORGANISATION, startsAt: "", endsAt: "", state: "" };
const SEATS: Sample<Seats> = { total: 0, allocated: 0, available: 0 };
const DEAL: Sample<DealWithSeats> = { ...SUMMARY, seats: SEATS, reminders: [""] };
const INVITE: Sample<Invite> = {
  id: "",
  email: "",
  name: null,
  status: "",
  queuedAt: "",
  sentAt: null,
  expiresAt: null,
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
  sends: 0,
  delivery: { state: "", at: "", reason: null },
};
const DETAIL: Sample<InviteDetail> = {
  ...INVITE,
  optedOut: false,
  correctedFrom: null,
  history: [{ at: "", event: "", by: null }],
};
const PAGE: Sample<Page> = { deal: SUMMARY, seats: SEATS, invites: [INVITE], nextCursor: null };
const COUNTS: Sample<Counts> = {
  pending: 0,
  accepted: 0,
  expired: 0,
  declined: 0,
  asked: 0,
  undelivered: 0,
  exactUpTo: 0,
};
const SENT: Sample<Pick<SendResponse, "results">> = { results: [{ email: "", outcome: "" }] };
/** Of many invites that were resent or cancelled. */
const OUTCOMES: Sample<Pick<ResendResponse, "results">> = { results: [{ inviteId: "", outcome: "" }] };
const PREVIEW: Sample<Preview> = {
  organisation: ORGANISATION,
  deal: SUMMARY,
  email: null,
  status: "",
  expiresAt: "",
  blocked: null,
  declinedAt: null,
  askedAt: null,
  askedFor: null,
  optedOut: false,
};
const GONE: Sample<Gone> = { organisation: ORGANISATION, askedAt: null, optedOut: false };
const ACCEPTED: Sample<Accepted> = { dealId: "", organisation: ORGANISATION, acceptedAt: "" };
const OWN_SEATS: Sample<Schemas["OwnSeats"]> = { seats: [{ ...ACCEPTED, endsAt: "" }] };
const DECLINED: Sample<Declined> = { organisation: ORGANISATION, declinedAt: "" };
const ASKED: Sample<Asked> = { askedAt: "", askedFor: "" };
const OPT_OUT: Sample<OptOut> = { organisation: ORGANISATION, optedOut: false };

/** Whether a value has the fields of the sample, with their types. */
function fits(value: unknown, sample: unknown): boolean {
  if (sample === null) return true;
  if (Array.isArray(sample)) return Array.isArray(value) && value.every((item) => fits(item, sample[0]));
  if (typeof sample !== "object") return typeof value === typeof sample;
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(sample).every(([name, field]) => fits((value as Record<string, unknown>)[name], field))
  );
}

interface More {
  /** 0 if no response arrived, or none of the API. */
  status?: number;
  errors?: Schemas["Problem"]["errors"];
  /** What is known of the invite of a link that no longer works. */
  gone?: Gone;
  /** Seconds to wait, if the response says so. */
  retryAfter?: number | undefined;
}

/** Why a request failed. */
export class Problem extends Error {
  readonly status: number;
  readonly errors: { field: string; detail: string }[];
  readonly gone: Gone | undefined;
  /** When to try again, in milliseconds since 1970. */
  readonly retryAt: number | undefined;

  constructor(
    /**
     * `offline`: no response. `timeout`: no complete response in time. `unreadable`: a response that the API does not give.
     * `session_over`, `no_permission`: refused by the gateway. `defect`: a fault of the page. Others: docs/openapi.yaml.
     */
    readonly code: string,
    /** Shown to people. */
    readonly detail: string,
    { status = 0, errors = [], gone, retryAfter }: More = {},
  ) {
    super(code);
    this.status = status;
    this.errors = errors;
    this.gone = gone;
    this.retryAt = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
  }

  /** Whether a retry can help. */
  get temporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether the request may have had its effect: only its answer is missing. */
  get isLost() {
    return this.temporary && this.status !== 429;
  }
}

interface Options {
  /** Sent as JSON, or as a form. */
  body?: unknown;
  headers?: Record<string, string>;
}
interface ApiResponse<T> {
  body: T;
  etag: string | null;
}

const unreadable = () => new Problem("unreadable", "Seatkeeper’s answer could not be read.");

/** Sends a request. The answer must fit the sample; without a sample, it has no content. */
async function request<T>(
  method: string,
  path: string,
  sample: unknown,
  options: Options = {},
): Promise<ApiResponse<T>> {
  const { status, text, headers } = await send(method, path, options);
  const content = parsed(text);
  // Without content, the API answers 204. A guest network's page has another status.
  const isExpected = sample === undefined ? status === 204 : fits(content, sample);
  if (!isExpected) throw unreadable();
  return { body: content as T, etag: headers.get("etag") };
}

/** Sends a request. Returns the answer's text, if it is no refusal. */
async function send(method: string, path: string, { body, headers = {} }: Options = {}) {
  const token = await currentToken();
  const signal = AbortSignal.timeout(PATIENCE);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      signal,
      cache: "no-store",
      credentials: "omit",
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !(body instanceof URLSearchParams) && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
    text = await response.text();
  } catch {
    if (signal.aborted) throw new Problem("timeout", "Seatkeeper did not answer in time.");
    throw new Problem("offline", "Can’t connect to Seatkeeper.");
  }
  if (!response.ok) throw problemOf(response, parsed(text));
  return { status: response.status, text, headers: response.headers };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A function refuses with a problem document, the gateway with a body of its own. */
function problemOf({ status, headers }: Response, content: unknown): Problem {
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  const more: More = { status, retryAfter: Number.isFinite(after) ? after : undefined };
  if (fits(content, { code: "", detail: "" } satisfies Sample<Pick<Schemas["Problem"], "code" | "detail">>)) {
    const { code, detail, errors } = content as Schemas["Problem"];
    return new Problem(code, detail, {
      ...more,
      ...(Array.isArray(errors) && { errors }),
      ...(fits(content, GONE) && { gone: content as Gone }),
    });
  }
  if (status === 429) return new Problem("too_many_requests", "Too many requests.", more);
  const isGateway = fits(content, { message: "" } satisfies Sample<Schemas["GatewayMessage"]>);
  if (status < 500 && !isGateway) return unreadable();
  if (status === 401) {
    endSession();
    return new Problem("session_over", "Your session has ended. Sign in again.", more);
  }
  if (status === 403) return new Problem("no_permission", "This account does not have permission.", more);
  return new Problem("unavailable", "Seatkeeper is not available right now.", more);
}

const at = (deal: string, rest = "") => `/api/deals/${encodeURIComponent(deal)}${rest}`;
const ifMatch = (tag: string | null | undefined) => (tag ? { "if-match": tag } : {});
const sendsTag = (invite: { sends: number }) => ifMatch(`"${invite.sends}"`);

async function read<T>(path: string, sample: unknown): Promise<T> {
  return (await request<T>("GET", path, sample)).body;
}
async function post<T>(path: string, sample: unknown, body: unknown, options: Options = {}): Promise<T> {
  return (await request<T>("POST", path, sample, { body, ...options })).body;
}

/** Organisations with a text in their name or ID, 50 at once. */
export function listOrganisations(name: string, cursor: string | undefined) {
  const query = new URLSearchParams({ ...(name && { name }), ...(cursor !== undefined && { cursor }) }).toString();
  return read<{ organisations: Deal["organisation"][]; nextCursor: string | null }>(
    `/api/organisations${query && `?${query}`}`,
    { organisations: [ORGANISATION], nextCursor: null },
  );
}

export const listDeals = async (organisation?: string) =>
  (
    await read<Schemas["Deals"]>(`/api/deals${organisation ? `?${new URLSearchParams({ organisation })}` : ""}`, {
      deals: [DEAL],
    })
  ).deals;

/** A deal, and the `ETag` that `changeDeal` sends back. */
export const getDeal = (deal: string) => request<DealWithSeats>("GET", at(deal), DEAL);

/** A retry with the same key and body creates no second deal. */
export const createDeal = (deal: NewDeal, key: string) =>
  post<DealWithSeats>("/api/deals", DEAL, deal, { headers: { "idempotency-key": key } });

/** The organisation's name changes on this deal only. */
export type DealChange = Partial<Omit<NewDeal, "organisation">> & { organisation?: { name: string } };

export const changeDeal = (deal: string, change: DealChange, tag: string | null) =>
  request<DealWithSeats>("PATCH", at(deal), DEAL, { body: change, headers: ifMatch(tag) });

/** When people who do not answer are reminded: `["7d", "21d"]` after each later send. */
export const setReminders = async (deal: string, after: string[]) =>
  (await request<{ after: string[] }>("PUT", at(deal, "/reminders"), { after: [""] }, { body: { after } })).body;

/** Whether the manager gets the daily email. Each `on` renews it for 180 days. */
export const getDigest = () => read<{ on: boolean }>("/api/me/digest", { on: false });
export const setDigest = async (on: boolean) =>
  (await request<{ on: boolean }>("PUT", "/api/me/digest", { on: false }, { body: { on } })).body;

/** Only a deal to which nobody was ever invited can be deleted. */
export async function deleteDeal(deal: string, tag: string | null) {
  await request("DELETE", at(deal), undefined, { headers: ifMatch(tag) });
}

export interface PageQuery<F = Filter> {
  status?: F | undefined;
  cursor?: string | undefined;
  limit?: number;
}

export function listSeats(deal: string, query: PageQuery): Promise<Page> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return read<Page>(at(deal, `/seats${text && `?${text}`}`), PAGE);
}

/** A page of the CSV file, and the path of the next one. The text has no byte order mark: reading removes it. */
export async function exportSeats(deal: string, status: Filter | undefined, next?: string) {
  const { text, headers } = await send("GET", next ?? at(deal, `/seats.csv${status ? `?status=${status}` : ""}`));
  const isWhole = headers.get("content-type")?.startsWith("text/csv") && (text === "" || text.endsWith("\r\n"));
  if (!isWhole) throw unreadable();
  return { text, next: /^<(\/api\/[^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1] };
}

/** A POST keeps addresses out of URLs. The API does not search removed invites. */
export const searchSeats = (deal: string, email: string, query: PageQuery<Exclude<Filter, "removed">>) =>
  post<Page>(at(deal, "/seats/search"), PAGE, { email, ...query });

export const getCounts = (deal: string) => read<Counts>(at(deal, "/counts"), COUNTS);

export const getInvite = (deal: string, invite: string) => read<InviteDetail>(at(deal, `/invites/${invite}`), DETAIL);

export interface Correction {
  email?: string;
  name?: string;
}

/** With another address, it cancels the invite and invites that instead. The response is the new invite, with its own id. */
export const correctInvite = async (deal: string, invite: { id: string; sends: number }, correction: Correction) =>
  (
    await request<Invite>("PATCH", at(deal, `/invites/${invite.id}`), INVITE, {
      body: correction,
      headers: sendsTag(invite),
    })
  ).body;

/** At most 1,000 rows. A dry run predicts each row's outcome and changes nothing. */
export async function sendInvites(deal: string, invites: InviteRow[], dryRun: boolean) {
  const body: Schemas["SendRequest"] = { invites, dryRun };
  const { results } = await post<SendResponse>(at(deal, "/invites"), SENT, body);
  if (results.length !== invites.length) throw unreadable();
  return results;
}

/** `If-Match` names the send that the manager saw, so a double click sends once. */
export const resendInvite = async (deal: string, invite: { id: string; sends: number }) =>
  (await request<Invite>("POST", at(deal, `/invites/${invite.id}/resend`), INVITE, { headers: sendsTag(invite) })).body;

/** At most 1,000 invites. There is a result for each, in order. */
async function many<T>(path: string, invites: { id: string; sends: number }[]) {
  const body = { invites: invites.map(({ id, sends }) => ({ id, sends })) };
  const { results } = await post<{ results: T[] }>(path, OUTCOMES, body);
  if (results.length !== invites.length) throw unreadable();
  return results;
}
export const resendInvites = (deal: string, invites: { id: string; sends: number }[]) =>
  many<ResendResponse["results"][number]>(at(deal, "/invites/resend"), invites);
export const cancelInvites = (deal: string, invites: { id: string; sends: number }[]) =>
  many<Schemas["CancelResult"]["results"][number]>(at(deal, "/invites/cancel"), invites);

export async function cancelInvite(deal: string, invite: { id: string; sends: number }) {
  await request("DELETE", at(deal, `/invites/${invite.id}`), undefined, { headers: sendsTag(invite) });
}

export async function releaseSeat(deal: string, invite: { id: string; sends: number }) {
  await request("DELETE", at(deal, `/seats/${invite.id}`), undefined, { headers: sendsTag(invite) });
}

export const previewInvite = (token: string) => post<Preview>("/api/invites/preview", PREVIEW, { token });

export const acceptInvite = (token: string) => post<Accepted>("/api/invites/accept", ACCEPTED, { token });
export const declineInvite = (token: string) => post<Declined>("/api/invites/decline", DECLINED, { token });
/** Asks the organisation for a new link, or for a seat if the deal is full. No mail goes out. */
export const askForInvite = (token: string) => post<Asked>("/api/invites/ask", ASKED, { token });
/** Stops the organisation's invites to the invited address, or allows them again. */
export const optOut = (token: string) => post<OptOut>("/api/invites/opt-out", OPT_OUT, { token });
export const optIn = (token: string) => post<OptOut>("/api/invites/opt-in", OPT_OUT, { token });

/** Ended deals' seats too, until their records are deleted. */
export const listOwnSeats = async () => (await read<Schemas["OwnSeats"]>("/api/me/seats", OWN_SEATS)).seats;

/** As mail providers do it (RFC 8058). The id is that of a mail's `List-Unsubscribe` header. */
const oneClick = <T>(kind: string, id: string, sample: unknown) =>
  post<T>(
    `/api/${kind}/unsubscribe/${encodeURIComponent(id)}`,
    sample,
    new URLSearchParams({ "List-Unsubscribe": "One-Click" }),
  );
export const unsubscribe = (id: string) => oneClick<OptOut>("invites", id, OPT_OUT);
/** Switches off the manager's daily mail that has this id. */
export const unsubscribeDigest = (id: string) => oneClick("digests", id, { on: false });
