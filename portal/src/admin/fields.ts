/** A deal's fields as people type them: validation, conversion for the API, and its refusals in words. */
import type { DealChange, DealWithSeats, NewDeal, Problem } from "../api";
import { fromNow, instant } from "../time";
import { counted, number } from "../ui/seat-numbers";

/** The keys are the API's names in its refusals. */
export const FIELDS = {
  "organisation.id": { label: "Organisation ID", hint: "The ID in its managers’ accounts: a–z, 0–9 and hyphens." },
  "organisation.name": { label: "Organisation name", hint: "Learners see it in their emails." },
  name: { label: "Subscription", hint: "The name that learners know, for example Unlimited." },
  seats: { label: "Seats", hint: undefined },
  startsAt: { label: "Starts", hint: undefined },
  endsAt: { label: "Ends", hint: undefined },
} as const;
export type Field = keyof typeof FIELDS;
export type Values = Record<Field, string>;
export type Wrong = Partial<Record<Field, string>>;

/** The name that the list of organisations shows: that of the newest deal. Deals come oldest first. */
export const organisationName = (deals: DealWithSeats[]): string | undefined => deals.at(-1)?.organisation.name;

/** What a corrected name of the organisation in one deal does not change; "" if there is no other deal. */
export function otherNames(deal: DealWithSeats, deals: DealWithSeats[]): string {
  const others = deals.filter(({ id }) => id !== deal.id).length;
  if (others === 0) return "";
  const kept =
    others === 1
      ? "other deal keeps the name that it shows"
      : `${number(others)} other deals keep the name that they show`;
  const listed =
    deals.at(-1)!.id === deal.id
      ? "This deal is the newest: the list of organisations shows its name."
      : `The list of organisations shows the name in the newest deal, “${organisationName(deals)}”.`;
  return `The organisation’s ${kept}. ${listed}`;
}

export const isOrganisationId = (text: string) => /^[a-z0-9-]{1,64}$/.test(text);
/** Whether a text that was searched for is meant as an ID: one of letters alone is more likely a word of a name. */
export const isLikelyId = (text: string) => isOrganisationId(text) && /[\d-]/.test(text);
export const ORGANISATION_ID = "Enter an ID such as acme, not a name: 1 to 64 characters from a–z, 0–9 and hyphens.";

/** A whole number, with or without separators between thousands. */
export function numberIn(text: string): number | undefined {
  const plain = text.trim();
  return /^(\d+|\d{1,3}([, ]\d{3})+)$/.test(plain) ? Number(plain.replace(/\D/g, "")) : undefined;
}

/** A time as the value of `<input type="datetime-local">`, in UTC as on all pages and in the mail. */
export function toInput(time: string | Date): string {
  const at = new Date(time);
  return at.toISOString().slice(0, at.getUTCSeconds() ? 19 : 16);
}

/** The value of such an input as a time for the API. */
export function fromInput(text: string): string | undefined {
  const at = new Date(`${text}Z`);
  return Number.isNaN(at.getTime()) ? undefined : utc(at);
}

export const utc = (at: Date) => `${at.toISOString().slice(0, 19)}Z`;

export const valuesOf = (deal: DealWithSeats): Values => ({
  "organisation.id": deal.organisation.id,
  "organisation.name": deal.organisation.name,
  name: deal.name,
  seats: number(deal.seats.total),
  startsAt: toInput(deal.startsAt),
  endsAt: toInput(deal.endsAt),
});

/** What is wrong with these fields. */
export function wrongIn(values: Values, fields: readonly Field[]): Wrong {
  const wrong: Wrong = {};
  for (const field of fields) {
    const text = values[field].trim();
    if (field === "organisation.id") {
      if (!isOrganisationId(text)) wrong[field] = ORGANISATION_ID;
    } else if (field === "seats") {
      const seats = numberIn(text);
      if (seats === undefined || seats < 1 || seats > 1_000_000)
        wrong[field] = "Enter a whole number from 1 to 1,000,000.";
    } else if (field === "startsAt" || field === "endsAt") {
      if (!fromInput(text)) wrong[field] = "Choose a date and a time.";
    } else if (!text) {
      wrong[field] = "Enter a name.";
    } else if ([...text].length > 100) {
      wrong[field] = "Enter at most 100 characters.";
    }
  }
  const { startsAt, endsAt } = values;
  if (fields.includes("endsAt") && !wrong.startsAt && !wrong.endsAt && fromInput(endsAt)! <= fromInput(startsAt)!) {
    wrong.endsAt = "The end must be later than the start.";
  }
  return wrong;
}

/** For valid values only. */
export const newDeal = (values: Values): NewDeal => ({
  organisation: { id: values["organisation.id"].trim(), name: values["organisation.name"].trim() },
  name: values.name.trim(),
  seats: numberIn(values.seats)!,
  startsAt: fromInput(values.startsAt)!,
  endsAt: fromInput(values.endsAt)!,
});

/** What pages show of a field: times to the minute. */
const asShown = (field: Field, text: string) =>
  field === "startsAt" || field === "endsAt" ? text.slice(0, 16) : text.trim();

/** The changed fields, of valid values. A time that was not edited, or typed as it is shown, is not sent: its seconds would be lost. */
export function changeOf(deal: DealWithSeats, values: Values): DealChange {
  const before = valuesOf(deal);
  const {
    organisation: { name },
    ...after
  } = newDeal(values);
  const changed = (Object.keys(after) as (keyof typeof after)[]).filter(
    (field) => asShown(field, values[field]) !== asShown(field, before[field]),
  );
  return {
    ...Object.fromEntries(changed.map((field) => [field, after[field]])),
    ...(name !== deal.organisation.name && { organisation: { name } }),
  };
}

/** A new deal that ends within a day may have a mistyped date. In milliseconds. */
const A_DAY = 86_400_000;
/** A longer deal, in years, may have a mistyped year. */
const LONG = 3;
/** More seats may be mistyped, and so may this many times as many as before. */
const MANY = 10_000;
const TIMES_AS_MANY = 10;

const yearsAfter = (time: string | number, years: number) => {
  const at = new Date(time);
  return at.setUTCFullYear(at.getUTCFullYear() + years);
};

/** What may be mistyped in a new deal, or in what changes of a deal. */
export function doubtsIn(change: DealChange, deal: DealWithSeats | undefined, now: number): string[] {
  const doubts: string[] = [];
  const { startsAt = deal?.startsAt, endsAt = deal?.endsAt, seats } = change;
  if ((change.startsAt || change.endsAt) && startsAt && endsAt && Date.parse(endsAt) > yearsAfter(startsAt, LONG)) {
    const years = new Date(endsAt).getUTCFullYear() - new Date(startsAt).getUTCFullYear();
    const whole = yearsAfter(startsAt, years) > Date.parse(endsAt) ? years - 1 : years;
    doubts.push(`The deal lasts ${counted(whole, "year")}: ${instant(startsAt)} – ${instant(endsAt)}.`);
  }
  if (change.startsAt) {
    const start = Date.parse(change.startsAt);
    if (start >= yearsAfter(now, 1) || start <= yearsAfter(now, -1))
      doubts.push(
        `The deal ${start > now ? "starts" : "started"} ${fromNow(change.startsAt, now)}, on ${instant(change.startsAt)}.`,
      );
  }
  const end = Date.parse(endsAt ?? "");
  if (!deal && end > now && end <= now + A_DAY)
    doubts.push(`The deal ends ${fromNow(endsAt!, now)}, on ${instant(endsAt!)}.`);
  const before = deal?.seats.total;
  if (seats !== undefined && seats > (before ?? 0) && (seats > MANY || (before && seats >= before * TIMES_AS_MANY)))
    doubts.push(`The deal has ${counted(seats, "seat")}${before ? ` instead of ${number(before)}` : ""}.`);
  return doubts;
}

/** Asks about a deal with the name of another of its organisation, at the same time or at times that overlap. */
export function doubtsOfTwin(
  deal: Pick<NewDeal, "name" | "startsAt" | "endsAt">,
  seats: number,
  others: DealWithSeats[],
): string[] {
  const shown = (time: string) => toInput(time).slice(0, 16);
  const named = others.filter(({ name }) => name.toLowerCase() === deal.name.trim().toLowerCase());
  const twin = named.find(
    (other) => shown(other.startsAt) === shown(deal.startsAt) && shown(other.endsAt) === shown(deal.endsAt),
  );
  if (twin) {
    const then = twin.seats.total === seats ? "Nobody could tell the two apart." : "To change its seats, resize it.";
    return [
      `${twin.organisation.name} has a deal ${twin.name} for the same time already, with ${counted(twin.seats.total, "seat")}. ${then}`,
    ];
  }
  return named
    .filter(({ state, startsAt, endsAt }) => state !== "ended" && startsAt < deal.endsAt && deal.startsAt < endsAt)
    .slice(0, 1)
    .map(
      ({ name, organisation, seats: { total }, startsAt, endsAt }) =>
        `${organisation.name} has a deal ${name} already, with ${counted(total, "seat")}: ${instant(startsAt)} – ${instant(endsAt)}. For some time, both would be active under one name.`,
    );
}

/** What learners and managers lose by a change. */
export function harmOf(deal: DealWithSeats, change: DealChange, now: number): string[] {
  const { allocated, total } = deal.seats;
  const harm: string[] = [];
  if (change.seats !== undefined && change.seats < total) {
    harm.push(
      `${counted(change.seats, "seat")} instead of ${number(total)}: ${number(change.seats - allocated)} will be available.`,
    );
  }
  if (change.startsAt && deal.state === "active" && Date.parse(change.startsAt) > now) {
    harm.push(
      `The deal will not have started: nobody can be invited or accept before ${instant(change.startsAt)}. ` +
        `Pending invites that expire before then can no longer be accepted. ${keepers(deal)}`,
    );
  }
  if (change.endsAt && change.endsAt < deal.endsAt && deal.state !== "ended") {
    const [when, lost] =
      Date.parse(change.endsAt) <= now
        ? ["immediately", losers(deal)]
        : [`on ${instant(change.endsAt)}`, losersLater(deal)];
    harm.push(`The deal ends ${when} instead of ${instant(deal.endsAt)}. ${lost}`);
  }
  return harm;
}

/** What learners lose when a deal ends, and how many they are. */
export function losers({ name, seats: { allocated } }: DealWithSeats): string {
  const held =
    allocated === 0
      ? "No learner has a seat"
      : allocated === 1
        ? `1 learner loses a seat and access to ${name}`
        : `${number(allocated)} learners lose their seats and access to ${name}`;
  return `${held}. Pending invites can no longer be accepted.`;
}

/** What learners lose at an end that is still ahead. */
function losersLater({ name, seats: { allocated } }: DealWithSeats): string {
  const held =
    allocated === 0
      ? "No learner has a seat yet."
      : `Until then, learners keep their seats: ${number(allocated)} ${allocated === 1 ? "has" : "have"} one now.`;
  return `Only then do learners lose their seats and access to ${name}, and only then do pending invites stop working. ${held}`;
}

/** Who holds a seat of a deal that starts later than it did. */
function keepers({ seats: { allocated } }: DealWithSeats): string {
  if (allocated === 0) return "No learner has a seat yet.";
  return allocated === 1
    ? "1 learner has a seat, and keeps it: the learner’s page goes on to show it."
    : `${number(allocated)} learners have seats, and keep them: their pages go on to show them.`;
}

/** The details of a refusal, for each field on the form that it names. */
export function refusedFields(problem: Problem, fields: readonly Field[]): Wrong {
  const wrong: Wrong = {};
  for (const { field, detail } of problem.errors) {
    const known = fields.find((name) => name === field);
    if (known)
      wrong[known] =
        problem.code === "seats_below_allocated" ? belowAllocated(detail) : sentence(FIELDS[known].label, detail);
  }
  return wrong;
}

function belowAllocated(detail: string): string {
  const held = /\d+/.exec(detail)?.[0];
  return `${held ? `Learners hold ${counted(Number(held), "seat")}. Enter ${number(Number(held))} or more` : "Learners hold more seats than that. Enter more"}, or ask the organisation’s learning manager to de-allocate seats first.`;
}

/** Makes a sentence of a detail such as `must be later than startsAt`. */
function sentence(label: string, detail: string): string {
  const plain = detail
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, instant)
    .replace(/\bstartsAt\b/g, "the start")
    .replace(/\bendsAt\b/g, "the end");
  return `${/^(must|is) /.test(plain) ? `${label} ` : ""}${plain}.`;
}
