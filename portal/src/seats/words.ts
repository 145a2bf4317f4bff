/** Where an invite stands, in words. */
import type { Filter, Invite, InviteDetail } from "../api";
import { dateTime, shortDate, unbroken } from "../time";
import { counted } from "../ui/seat-numbers";

/** What an invite's details say and lists do not, so it is not always known. */
export interface Told {
  /** The corrected address, of an invite that a correction cancelled. */
  correctedAddress?: string;
  /** The invite that its person has now, after further corrections. It may be removed itself. */
  newInvite?: Invite | undefined;
  /** Whether an opt-out stands. A refused resend says so too. */
  optedOut?: boolean;
}
export type Known = Invite & Told;

/**
 * The deal, as far as it decides what a manager can do. `available`: how many seats are free. `offered`: to how many people who
 * waited these were offered.
 */
export interface DealState {
  available: number;
  offered?: number;
  active: boolean;
  /** When the deal ends, or ended. */
  endsAt?: string | undefined;
}

/** What a manager does next for a person. */
export type Step = "resend" | "correct";

export interface Place {
  /** The style of the label. */
  tone: "pending" | "accepted" | "expired" | "declined" | "asked" | "failed" | "removed";
  label: string;
  /** Says where the person is. */
  sentence: string;
  /** What to do, or what to expect. */
  advice?: string;
  step?: Step;
}

/** The sentence, and the advice if there is one. */
export const noteOf = ({ sentence, advice }: Place) => (advice ? `${sentence} ${advice}` : sentence);

const WAY_BACK =
  "can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked.";

const asSpam = ({ delivery }: Invite) => `The email was marked as spam ${on(delivery.at)}`;

/** A complaint is an opt-out too, and the API does not tell the two apart. */
export const STOPPED = "stopped invites, or marked one as spam";

/** What an opt-out means for a manager, and the way back. A complaint is an opt-out too. */
function optedOut(invite: Known) {
  const how = isComplaint(invite) ? `${asSpam(invite)}, which stopped invites.` : asSentence(howStopped(invite));
  return `${how} They ${WAY_BACK}`;
}

/** The same where no row says which of the two. */
export const optedOutOrSpam = (who = "This person") => `${who} ${STOPPED}. They ${WAY_BACK}`;

/** The same for some of many. */
export const SOME_OPTED_OUT = `Who ${STOPPED}, ${WAY_BACK}`;
export const SOME_STOPPED = `Who stopped invites ${WAY_BACK}`;

const ALLOWED_AGAIN = "They allow invites again now. Resend the invite.";
/** After a complaint, SES blocks the address until an operator takes it off its list. */
const IF_BLOCKED = "If it bounces, ask the team that runs this site to unblock the address.";

type Reason = Exclude<Invite["delivery"]["reason"], null>;

/** Why an email did not arrive, the advice, and the step. By the API's `delivery.reason`. */
const REASONS: Record<Reason, [why: string, advice?: string, step?: Step]> = {
  message_rejected: ["the email service refused it", "Check the address, or resend the invite.", "correct"],
  invalid_parameter: ["this is not a valid address", "Correct the address.", "correct"],
  not_sent_in_time: ["the invite expired first", "Resend the invite.", "resend"],
  deal_ended: ["the deal ended first", "Resend the invite.", "resend"],
  too_many_tries: ["several attempts failed", "Resend the invite later.", "resend"],
  rendering_failed: ["the email service could not build it", "Resend the invite.", "resend"],
  mailbox_unavailable: [
    "no such mailbox",
    "Correct the address, or resend the invite once the mailbox exists.",
    "correct",
  ],
  suppressed: [
    "the address has been blocked since an earlier bounce",
    "Correct the address, or resend the invite once the mailbox works.",
    "correct",
  ],
  temporary: [
    "the mailbox is full, or its server did not answer",
    "Resend the invite later, or ask their IT team.",
    "resend",
  ],
  rejected: ["their mail server refused it", "Ask their IT team to let it through. Then resend the invite.", "resend"],
  unknown: ["their mail server did not say why", "Correct the address, or ask their IT team.", "correct"],
  opted_out: ["the person stopped invites", ALLOWED_AGAIN, "resend"],
};

const LABELS: Partial<Record<Invite["status"], string>> = {
  pending: "Pending",
  expired: "Expired",
  declined: "Declined",
};

/** Whether a row that says pending may be old: its time is over, so the invite has expired, or somebody has answered. */
export const isOver = (invite: Invite, now: number) =>
  invite.status === "pending" && !isSending(invite) && invite.expiresAt !== null && Date.parse(invite.expiresAt) <= now;

/** Where a person is, and the next step. In a deal that is not active, there is none: nobody waits for anything. */
export function placeOf(invite: Known, deal: DealState): Place {
  const { tone, label, sentence, ...next } = placeAndStep(invite, deal);
  // The other rows say nothing of the bounce, or advise no resend.
  if (next.advice && (next.step || isAsked(invite))) {
    const isSaid = invite.delivery.reason === "suppressed";
    next.advice += isSaid ? " A resend lifts the block, at most once a day." : unblocking(invite);
  }
  return { tone, label, sentence, ...(deal.active && next) };
}

/** Whether the email service blocks the address after a bounce. */
const isBlocked = ({ delivery: { state, reason } }: Invite) =>
  state === "bounced" && (reason === "suppressed" || reason === "mailbox_unavailable");

/** What a resend does for an address that is blocked. */
export const unblocking = (invite: Invite) =>
  isBlocked(invite) ? " A bounce blocks the address: a resend lifts that, at most once a day." : "";

function placeAndStep(invite: Known, deal: DealState): Place {
  const { status, delivery } = invite;
  const label = LABELS[status];
  if (!label) {
    const place = closed(invite, deal);
    if (!isOptedOut(invite)) return place;
    if (status === "accepted") return { ...place, sentence: `${place.sentence} ${asSentence(howStopped(invite))}` };
    const stopped = { ...place, sentence: `${place.sentence} ${optedOut(invite)}` };
    if (isCorrected(invite)) return stopped;
    const advice = isComplaint(invite)
      ? "Or ask the person for another address, and invite that one."
      : "Invite them again once they have.";
    return { ...stopped, advice };
  }
  if (isAsked(invite)) return asked(invite, deal);
  const declined = status === "declined";
  const no = declined ? `${saidNo(invite)} ` : "";
  // The complaint has the one advice for itself and the opt-out.
  if (isComplaint(invite)) {
    const place = { tone: "failed", label: `${label} – marked as spam` } as const;
    if (!isOptedOut(invite)) {
      const sentence = `${no}${asSpam(invite)}.`;
      if (declined) return { ...place, sentence, advice: `They allow invites again now. ${wayBack(invite)}` };
      return { ...place, sentence, advice: `${ALLOWED_AGAIN} ${IF_BLOCKED}`, step: "resend" };
    }
    const blocked = { ...place, sentence: `${no}${optedOut(invite)}` };
    if (declined) {
      const advice = "If they change their mind, ask them for another address, and correct this one.";
      return { ...blocked, advice };
    }
    return { ...blocked, advice: "Or ask the person for another address, and correct this one.", step: "correct" };
  }
  if (isOptedOut(invite)) {
    const sentence = `${no}${optedOut(invite)}`;
    return { tone: "failed", label: `${label} – stopped invites`, sentence, advice: "Resend once they have." };
  }
  if (isUndelivered(invite)) {
    const [, advice, step] = delivery.reason ? REASONS[delivery.reason] : [];
    const sentence = `The email ${howFailed(invite)}.${oldLinks(invite)}`;
    const place = { tone: "failed", label: `${label} – not delivered` } as const;
    if (declined) {
      const isAllowed = !advice || delivery.reason === "opted_out";
      const way = isAllowed ? wayBack(invite) : `If they change their mind, ${uncapital(advice)}`;
      return { ...place, sentence: no + sentence, advice: way };
    }
    return {
      ...place,
      sentence,
      ...(advice && { advice }),
      ...(step && { step }),
    };
  }
  if (declined) return { tone: "declined", label, sentence: saidNo(invite), advice: wayBack(invite) };
  if (isUnsent(invite)) {
    return { tone: "expired", label, sentence: UNSENT, advice: "Resend the invite.", step: "resend" };
  }
  if (status === "expired") {
    const { expiresAt } = invite;
    // An end that was moved to an earlier day ends the time of its invites, too.
    if (expiresAt && deal.endsAt && Date.parse(expiresAt) >= Date.parse(deal.endsAt)) {
      return {
        tone: "expired",
        label,
        sentence: `Had not answered when the deal ended ${on(deal.endsAt)}.`,
        step: "resend",
      };
    }
    const end = expiresAt ? ` by ${shortDate(expiresAt)}` : "";
    return { tone: "expired", label, sentence: `Did not answer${end}.`, step: "resend" };
  }
  return { tone: "pending", ...pending(invite) };
}

/** The place of a person who can no longer be resent to. */
function closed(invite: Known, { active }: DealState): Place {
  const { status, acceptedAt, removedAt } = invite;
  if (status === "accepted") {
    const other = invite.acceptedWith === "other_address" ? ", with another address" : "";
    const since = active
      ? acceptedAt
        ? `Has held a seat since ${shortDate(acceptedAt)}`
        : "Holds a seat"
      : `Took a seat${acceptedAt ? ` ${on(acceptedAt)}` : ""}`;
    return { tone: "accepted", label: "Accepted", sentence: `${since}${other}.` };
  }
  const when = removedAt ? ` ${on(removedAt)}` : "";
  const advice = adviceAgain(invite);
  const again = advice && { advice };
  if (status === "released") {
    const sentence = `The seat was de-allocated${when}.${failure(invite)}`;
    return { tone: "removed", label: "De-allocated", sentence, ...again };
  }
  if (!isCorrected(invite)) {
    const sentence = `Cancelled by a manager${when}.${failure(invite)}`;
    return { tone: "removed", label: "Cancelled", sentence, ...again };
  }
  const { correctedAddress, newInvite } = invite;
  const later = newInvite && newInvite.email !== correctedAddress ? `, and later to ${newInvite.email}` : "";
  const sentence = correctedAddress
    ? `The address was corrected to ${correctedAddress}${when}${later}.`
    : `The address was corrected${when}, and the invite went to the new one.`;
  return { tone: "removed", label: "Corrected", sentence: sentence + failure(invite) + since(newInvite) };
}

/** What happened to the new invite of a corrected address, if it does not just wait for an answer. */
function since(invite: Invite | undefined): string {
  if (!invite) return "";
  const { email, status, removedAt, acceptedAt } = invite;
  if (isRemoved(invite)) {
    const what = status === "released" ? `seat of ${email} was de-allocated` : `invite to ${email} was cancelled`;
    return ` The ${what}${removedAt ? ` ${on(removedAt)}` : ""}.`;
  }
  if (status === "accepted") return ` ${email} took a seat${acceptedAt ? ` ${on(acceptedAt)}` : ""}.`;
  const no = status === "declined" ? ` ${email} said no${declinedOn(invite)}.` : "";
  return (
    no +
    (isComplaint(invite)
      ? ` The email to ${email} was marked as spam ${on(invite.delivery.at)}.`
      : failure(invite, `email to ${email}`, ""))
  );
}

/** What to know before the address is mailed again. */
function failure(invite: Invite, email = "email", had = "had "): string {
  const { state, reason } = invite.delivery;
  if (!isFailure(state) || reason === "opted_out") return "";
  return ` The ${email} ${state === "bounced" ? had : ""}${howFailed(invite)}.`;
}

/** What to do before the address is invited again. `hasRow`: whether there is a row with a resend, the only thing that unblocks it. */
export function adviceAgain(invite: Invite, hasRow = isOpen(invite)): string | undefined {
  const { state, reason } = invite.delivery;
  if (!isFailure(state) || !reason) return undefined;
  if (reason === "rejected") return "Ask their IT team to let it through before you invite it again.";
  if (reason === "temporary") return "Invite it again later, or ask their IT team.";
  if (REASONS[reason][2] !== "correct") return undefined;
  const check = "Check the address before you invite it again.";
  if (!isBlocked(invite)) return check;
  const block = reason === "suppressed" ? "" : " A bounce blocks the address.";
  if (hasRow) return `${check}${block} “Resend” in its row lifts the block, a new invite does not.`;
  return `${check}${block} If the new email bounces too, “Resend” in its row lifts the block.`;
}

/** What a resend has ended, whether or not its email arrives. */
const oldLinks = ({ sends, sentAt }: Invite) => (sends > 1 && sentAt ? " Links of earlier emails no longer work." : "");

/** ` on 3 Nov` */
export const declinedOn = ({ declinedAt }: Invite) => (declinedAt ? ` ${on(declinedAt)}` : "");
const saidNo = (invite: Invite) => `Said no${declinedOn(invite)}.`;

/** ` on 3 Nov` */
const stoppedOn = ({ optedOutAt }: Invite) => (optedOutAt ? ` ${on(optedOutAt)}` : "");

/** `bounced on 3 Nov: no such mailbox` */
export function howFailed({ delivery: { state, at, reason } }: Invite, dated = true): string {
  const what = state === "bounced" ? "bounced" : "could not be sent";
  return `${what}${dated ? ` ${on(at)}` : ""}${reason ? `: ${REASONS[reason][0]}` : ""}`;
}

/** `stopped invites on 3 Nov` */
export function howStopped(invite: Known): string {
  if (isComplaint(invite)) return `marked the email as spam ${on(invite.delivery.at)}`;
  return isStoppedElsewhere(invite) ? `${STOPPED}, in another deal` : `stopped invites${stoppedOn(invite)}`;
}

export const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
const uncapital = (words: string) => words.charAt(0).toLowerCase() + words.slice(1);
export const asSentence = (words: string) => `${capital(words)}.`;

/** How somebody who declined can still get a seat. A link of an earlier email declines too, and does not accept. */
function wayBack({ expiresAt, delivery }: Invite): string {
  const hasLink = expiresAt && Date.parse(expiresAt) > Date.now() && !isFailure(delivery.state);
  return `If they change their mind, ${hasLink ? `the link in their email works until ${shortDate(expiresAt)}` : "resend the invite"}.`;
}

const NEW_LINK = "Resend to send a new link.";

function asked(invite: Invite, { available, active, offered = 0 }: DealState): Place {
  const { status, askedAt, askedFor, sentAt, delivery } = invite;
  const { state, reason } = delivery;
  const refusal = isComplaint(invite) ? ` ${asSpam(invite)}.` : failure(invite, "newest email", "");
  const sentence = `${active ? `Waiting since ${shortDate(askedAt!)}.` : `Asked ${on(askedAt!)}.`}${refusal}`;
  const label = askedFor === "seat" ? "Asked for a seat" : "Asked for a new link";
  const place = { tone: "asked", label, sentence } as const;
  const [, cure, cureStep] = isFailure(state) && reason ? REASONS[reason] : [];
  // What keeps a new link from arriving comes first.
  const mend = state === "bounced" || cureStep === "correct" ? cure : undefined;
  const newLink = isComplaint(invite) ? `${NEW_LINK} ${IF_BLOCKED}` : NEW_LINK;
  const next = { advice: mend ?? newLink, step: mend ? cureStep! : "resend" } as const;
  if (askedFor !== "seat") {
    // The email was queued when the person asked.
    if (status === "pending" && sentAt && sentAt > askedAt! && !isRefused(invite)) {
      return { ...place, advice: `An email with a new link went out since, ${on(sentAt)}.` };
    }
    return { ...place, ...next };
  }
  if (offered < available) {
    const free = `${unbroken(counted(available, "seat is", "seats are"))} free now.`;
    return { ...place, ...next, advice: `${free} ${next.advice}` };
  }
  // Before that, a correction or resend would end the wait.
  const once = available === 0 ? "a seat is free" : "another is free";
  const advice = mend
    ? `Once ${once}, ${uncapital(mend)}`
    : `Resend once ${once}.${isComplaint(invite) ? ` ${IF_BLOCKED}` : ""}`;
  if (available === 0) return { ...place, advice };
  return {
    ...place,
    advice: `${available === 1 ? "The free seat is" : "The free seats are"} offered to others. ${advice}`,
  };
}

function pending(invite: Invite): Omit<Place, "tone"> {
  const {
    sentAt,
    queuedAt,
    delivery: { state, at },
  } = invite;
  if (state === "queued") {
    if (isWaiting(invite)) {
      return {
        label: "Waiting to be sent",
        sentence: `The email has waited since ${dateTime(queuedAt)}.${oldLinks(invite)}`,
        advice: "Seatkeeper keeps trying to send it.",
      };
    }
    return sentAt
      ? { label: "Resending", sentence: `Last email sent ${on(sentAt)}.` }
      : { label: "Sending…", sentence: "The first email is on its way." };
  }
  if (state === "delayed") {
    return {
      label: "Pending – delayed",
      sentence: `The email has been delayed since ${shortDate(at)}: their mail server is slow.`,
      advice: "Seatkeeper keeps trying. If it takes days, ask their IT team.",
    };
  }
  return {
    label: "Pending",
    sentence: `Email ${state === "delivered" ? "delivered" : "sent"} ${on(at)}.`,
    step: "resend",
  };
}

const on = (time: string) => `on ${shortDate(time)}`;

type Event = InviteDetail["history"][number];
/** Whether a correction of the address cancelled the invite. */
export const isCorrected = ({ correctedTo }: Invite) => correctedTo !== null;

/** What happened to an invite, in its history. */
const EVENTS: Record<Event["event"], string> = {
  invited: "Invited",
  resent: "Resent",
  reminded: "Reminder sent",
  sent: "Email sent",
  delayed: "Email delayed",
  delivered: "Email delivered",
  bounced: "Email bounced",
  complained: "Email marked as spam",
  failed: "Email not sent",
  accepted: "Accepted",
  declined: "Declined",
  asked: "Asked for a new link or a seat",
  opted_out: "Stopped invites",
  expired: "Expired",
  cancelled: "Cancelled",
  corrected: "Name or spelling corrected",
  released: "Seat de-allocated",
};

/**
 * What happened to an invite, newest first. A correction comes before the send that it caused at the same time.
 * `reasonsLost`: an earlier email did not arrive, and the API keeps the reason of the newest only. `correctedTo`: the address
 * that replaced this one, if it is known, and `correctedFrom` the one that this one replaced. `now`: what has no event, because
 * its time is not known.
 */
export function timeline(invite: InviteDetail, correctedTo?: string, correctedFrom?: string) {
  // The history has no event for allowing invites again.
  const since: Partial<Record<Event["event"], string>> = invite.optedOut
    ? {}
    : { opted_out: ", and allows them again now", complained: ", and invites are allowed again now" };
  const { state, reason } = invite.delivery;
  /** The place of an event among those of its time. */
  const among = ({ event, at }: Event) =>
    event !== "corrected" ? 0 : invite.history.some((other) => other.event === "cancelled" && other.at === at) ? -1 : 1;
  const sorted = invite.history.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || among(a) - among(b));
  const newest = sorted.find(({ event }) => event === state);
  const cause = reason && REASONS[reason][0];
  const happened = (what: Event["event"], when: string) =>
    sorted.some(({ event, at }) => event === what && at === when);
  const corrections = sorted.filter(({ event }) => event === "corrected");
  /** A correction of the address is in two histories: it cancels one invite and sends another. */
  const ends = corrections.filter(({ at }) => happened("cancelled", at));
  const beginnings = corrections.filter((event) => happened("invited", event.at) && !ends.includes(event));
  // The other address is known of the last one.
  const correction = (event: Event) => {
    const to = correctedTo && event === ends[0] ? correctedTo : "another one";
    if (ends.includes(event)) return `Address corrected to ${to}`;
    const from = correctedFrom && event === beginnings[0] ? ` from ${correctedFrom}` : "";
    return beginnings.includes(event) ? `Address corrected${from} to ${invite.email}` : EVENTS.corrected;
  };
  // That a correction cancelled the invite is no event of its own.
  const told = sorted.filter(({ event, at }) => event !== "cancelled" || !happened("corrected", at));
  const events = told.map((entry) => ({
    ...entry,
    words:
      entry === newest && cause
        ? `${EVENTS[entry.event]}: ${cause}`
        : entry.event === "corrected"
          ? correction(entry)
          : EVENTS[entry.event] + (since[entry.event] ?? ""),
  }));
  const reasonsLost = sorted.some((entry) => entry !== newest && ["bounced", "failed"].includes(entry.event));
  const now = isStoppedElsewhere(invite) ? asSentence(howStopped(invite)) : isUnsent(invite) ? UNSENT : undefined;
  return { events, reasonsLost, now };
}

/** Whether it can still be resent, corrected or cancelled. */
export const isOpen = ({ status }: Invite) => status in LABELS;

/** Whether it left the list: it was cancelled, or its seat was de-allocated. */
export const isRemoved = ({ status }: Invite) => status === "cancelled" || status === "released";

/** The invite that a corrected address's person has now, as far as that is known. */
export const currentInvite = ({ newInvite }: Known) => (newInvite && !isRemoved(newInvite) ? newInvite : undefined);

/** Whether the learner waits for a new link or a seat. Who stopped invites since, with an email of another deal, does not. */
export const isAsked = (invite: Known) => isOpen(invite) && invite.askedAt !== null && !invite.optedOut;

/** Whether a removed invite's person can be invited again. */
export const canInviteAgain = (invite: Known) => isRemoved(invite) && !isCorrected(invite) && !isOptedOut(invite);

const isUnsent = ({ status, delivery }: Invite) => status === "expired" && delivery.state === "queued";
const UNSENT = "The email was not sent in time.";

/**
 * Whether the person stopped invites. A list says it of this invite's emails; the details, of all of the organisation's. Who
 * asks for a new link or a seat allows them again.
 */
export const isOptedOut = (invite: Known) =>
  invite.optedOut ??
  (!!invite.optedOutAt || (isOpen(invite) && !isAsked(invite) && invite.delivery.reason === "opted_out"));

/** Whether no email of the invite stopped them. */
export const isStoppedElsewhere = (invite: Known) =>
  !!invite.optedOut && !invite.optedOutAt && !isComplaint(invite) && invite.delivery.reason !== "opted_out";

/** Whether a resend undoes the person's no. Who declined and asked for a new link since waits for one. */
export const hasDeclined = (invite: Known) => invite.status === "declined" && !isAsked(invite);

const isComplaint = ({ delivery }: Invite) => delivery.state === "complained";

const isFailure = (state: Invite["delivery"]["state"]) => state === "bounced" || state === "failed";
const isRefused = (invite: Invite) => isFailure(invite.delivery.state) || isComplaint(invite);

/** Whether its mail did not arrive or is not wanted. Who asked for a new link or a seat is not listed twice. */
export const isUndelivered = (invite: Known) => isOpen(invite) && !isAsked(invite) && isRefused(invite);

/** Whether an invite belongs to a list. */
export function isIn(invite: Known, filter: Filter | undefined): boolean {
  if (filter === undefined) return true;
  if (filter === "asked") return isAsked(invite);
  return filter === "undelivered" ? isUndelivered(invite) : invite.status === filter;
}

/** Whether its mail is still queued. Such an invite needs no resend. */
export const isSending = (invite: Invite) => invite.status === "pending" && invite.delivery.state === "queued";

/** Milliseconds in which a queued mail goes out, unless the mail service is down or an operator has paused sending. */
const SOON_SENT = 15 * 60_000;
export const isWaiting = (invite: Invite) => isSending(invite) && Date.now() - Date.parse(invite.queuedAt) > SOON_SENT;

/**
 * Whether a resend can be asked for. After a complaint, no mail goes to the address, unless the person asks for one. An
 * opt-out forbids none: the person may have allowed invites again since, which only the API knows.
 */
export const canResend = (invite: Known) =>
  isOpen(invite) && !isSending(invite) && (isAsked(invite) || !isComplaint(invite) || !isOptedOut(invite));
