/** A deal's fields as people type them: what fits, what the API is told, and what its refusals mean. */
import type { DealWithSeats, NewDeal, Problem } from "../api";
import { instant } from "../time";
import { counted, number } from "../ui/seat-numbers";

/** Named as the API names them in its refusals. */
export const FIELDS = {
  "organisation.id": { label: "Organisation id", hint: "As its managers’ accounts have it: a–z, 0–9 and hyphens." },
  "organisation.name": { label: "Organisation name", hint: "Learners read it in their mail." },
  name: { label: "Subscription", hint: "What was bought, as learners know it: Unlimited, for example." },
  seats: { label: "Seats", hint: undefined },
  startsAt: { label: "Starts", hint: undefined },
  endsAt: { label: "Ends", hint: undefined },
} as const;
export type Field = keyof typeof FIELDS;
export type Values = Record<Field, string>;
export type Wrong = Partial<Record<Field, string>>;

export const isOrganisationId = (text: string) => /^[a-z0-9-]{1,64}$/.test(text);
export const ORGANISATION_ID = "1 to 64 of a–z, 0–9 and hyphens. It is an id such as acme, not a name.";

/** A whole number, also with thousands set apart; undefined if it is none. */
export function numberIn(text: string): number | undefined {
  const plain = text.trim();
  return /^(\d+|\d{1,3}([, ]\d{3})+)$/.test(plain) ? Number(plain.replace(/\D/g, "")) : undefined;
}

/** What `<input type="datetime-local">` shows for a time: in the reader’s own zone. */
export function toInput(time: string | Date): string {
  const at = new Date(time);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, at.getSeconds() ? 19 : 16);
}

/** The time that such an input says, as the API writes times; undefined if it says none. */
export function fromInput(text: string): string | undefined {
  const at = new Date(text);
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

/** What does not fit in these fields, before the API is asked. */
export function wrongIn(values: Values, fields: readonly Field[]): Wrong {
  const wrong: Wrong = {};
  for (const field of fields) {
    const text = values[field].trim();
    if (field === "organisation.id") {
      if (!isOrganisationId(text)) wrong[field] = ORGANISATION_ID;
    } else if (field === "seats") {
      const seats = numberIn(text);
      if (seats === undefined || seats < 1 || seats > 1_000_000) wrong[field] = "A whole number from 1 to 1,000,000.";
    } else if (field === "startsAt" || field === "endsAt") {
      if (!fromInput(text)) wrong[field] = "Choose a date and a time.";
    } else if (!text) {
      wrong[field] = "This can’t be empty.";
    } else if ([...text].length > 100) {
      wrong[field] = "At most 100 characters.";
    }
  }
  const { startsAt, endsAt } = values;
  if (fields.includes("endsAt") && !wrong.startsAt && !wrong.endsAt && new Date(endsAt) <= new Date(startsAt)) {
    wrong.endsAt = "The end has to be later than the start.";
  }
  return wrong;
}

/** The deal that fitting values describe. */
export const newDeal = (values: Values): NewDeal => ({
  organisation: { id: values["organisation.id"].trim(), name: values["organisation.name"].trim() },
  name: values.name.trim(),
  seats: numberIn(values.seats)!,
  startsAt: fromInput(values.startsAt)!,
  endsAt: fromInput(values.endsAt)!,
});

export type Change = Partial<Omit<NewDeal, "organisation">>;

/** What fitting values change of a deal. What was not touched is not sent, and keeps its seconds. */
export function changeOf(deal: DealWithSeats, values: Values): Change {
  const before = valuesOf(deal);
  const { organisation: _, ...after } = newDeal(values);
  const changed = (Object.keys(after) as (keyof typeof after)[]).filter((field) => values[field].trim() !== before[field]);
  return Object.fromEntries(changed.map((field) => [field, after[field]]));
}

/** What people lose by a change; nothing for most. */
export function harmOf(deal: DealWithSeats, change: Change, now: number): string[] {
  const { allocated, total } = deal.seats;
  const harm: string[] = [];
  if (change.seats !== undefined && change.seats < total) {
    harm.push(`${counted(change.seats, "seat")} instead of ${number(total)}: ${number(change.seats - allocated)} of them are left for people who are invited and have not accepted.`);
  }
  if (change.startsAt && deal.state === "active" && Date.parse(change.startsAt) > now) {
    harm.push(`It has not started then: nobody can be invited or accept before ${instant(change.startsAt)}.`);
  }
  if (change.endsAt && change.endsAt < deal.endsAt && deal.state !== "ended") {
    const past = Date.parse(change.endsAt) <= now;
    harm.push(`It ${past ? "ends at once" : `ends on ${instant(change.endsAt)}`}, instead of ${instant(deal.endsAt)}: ${losers(deal)}`);
  }
  return harm;
}

/** Who loses what when a deal ends. */
export function losers({ seats: { allocated } }: DealWithSeats): string {
  const access = allocated === 0 ? "" : allocated === 1 ? "1 learner loses access, and " : `${number(allocated)} learners lose access, and `;
  return `${access}invites that are out can’t be accepted any more.`;
}

/** A refusal, by field as far as it names any that are on the form. */
export function refusedFields(problem: Problem, fields: readonly Field[]): Wrong {
  const wrong: Wrong = {};
  for (const { field, detail } of problem.errors) {
    const known = fields.find((name) => name === field);
    if (known) wrong[known] = problem.code === "seats_below_allocated" ? belowAllocated(detail) : sentence(FIELDS[known].label, detail);
  }
  return wrong;
}

function belowAllocated(detail: string): string {
  const held = /^\d+/.exec(detail)?.[0];
  return `${held ? `Learners hold ${number(Number(held))}, and none is taken from them this way. Enter ${number(Number(held))} or more` : "Learners hold more than that. Enter more"}, or have the organisation’s learning manager de-allocate seats first.`;
}

/** The API says `must be later than startsAt`. */
function sentence(label: string, detail: string): string {
  const plain = detail
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, instant)
    .replace(/\bstartsAt\b/g, "the start")
    .replace(/\bendsAt\b/g, "the end");
  return `${/^(must|is) /.test(plain) ? `${label} ` : ""}${plain}.`;
}
