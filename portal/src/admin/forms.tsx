/** The dialogs in which deals are created and changed. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  changeDeal,
  type DealWithSeats,
  getDeal,
  listDeals,
  listOrganisations,
  type NewDeal,
  type Problem,
} from "../api";
import { sessionOver } from "../session";
import { editedOf } from "../storage";
import { instant } from "../time";
import { confirm } from "../ui/confirm";
import { asProblem } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { createOnce, enteredOn, isOf, unanswered, unansweredOf } from "./draft";
import {
  changeOf,
  doubtsIn,
  doubtsOfTwin,
  FIELDS,
  type Field,
  fromInput,
  harmOf,
  isOrganisationId,
  newDeal,
  numberIn,
  organisationName,
  otherNames,
  refusedFields,
  toInput,
  type Values,
  valuesOf,
  type Wrong,
  wrongIn,
} from "./fields";

const NEW = ["organisation.id", "organisation.name", "name", "seats", "startsAt", "endsAt"] as const;

/** `name`: the organisation's, if it has a deal. It is filled in. */
export function NewDealForm({
  organisation,
  name,
  onDone,
  onClose,
}: {
  organisation: string;
  name: string | undefined;
  /** `unsaved`: what was entered last, if an attempt without an answer had created the deal with other values. */
  onDone: (deal: DealWithSeats, unsaved: NewDeal | undefined) => void;
  onClose: () => void;
}) {
  // The name that the organisation's other deals show.
  const [known, setKnown] = useState(name);
  const empty = (): Values => {
    const today = new Date(new Date().setUTCHours(0, 0, 0, 0));
    const inAYear = new Date(new Date(today).setUTCFullYear(today.getUTCFullYear() + 1));
    return {
      "organisation.id": organisation,
      "organisation.name": "",
      name: "",
      seats: "",
      startsAt: toInput(today),
      endsAt: toInput(inAYear),
    };
  };
  const edited = enteredOn(organisation);
  const [before, setBefore] = useState(edited.kept);
  const [first, setFirst] = useState(() => before ?? empty());
  const start = { ...first, "organisation.name": first["organisation.name"] || (known ?? "") };
  const startAgain = () => {
    edited.keep(undefined);
    setBefore(undefined);
    setFirst(empty());
  };
  return (
    <Form
      key={first}
      title="New deal"
      action="Create deal"
      fields={NEW}
      start={start}
      lost="We don’t know whether this was saved. Try again: there will be only one deal, even if you change its name, seats or dates first."
      onEdit={edited.keep}
      onClose={onClose}
      submit={async (values) => {
        const entered = newDeal(values);
        const { organisation, endsAt } = entered;
        const hasEnded = Date.parse(endsAt) <= Date.now();
        const others = await listDeals(organisation.id).catch(() => []);
        const doubts = doubtsIn(entered, undefined, Date.now());
        // The twin may be the work of an attempt without an answer.
        if (!unansweredOf(organisation.id)) doubts.push(...doubtsOfTwin(entered, entered.seats, others));
        if (hasEnded) doubts.unshift(`Its end is ${instant(endsAt)}. Nobody can be invited to it or accept.`);
        const sure =
          doubts.length === 0 ||
          (await confirm({
            title: hasEnded ? "Create a deal that has already ended?" : "Create this deal?",
            body: doubts.map((text) => <p key={text}>{text}</p>),
            action: hasEnded ? "Create ended deal" : "Create deal",
            keep: hasEnded ? "Change the dates" : "Change the deal",
          }));
        if (!sure) return hasEnded ? "endsAt" : "name";
        const wrong = await wrongName(organisation, organisationName(others));
        if (wrong) return wrong;
        const { deal, isEarlier } = await createOnce(values, others);
        // What was entered and not created may be another deal.
        if (!isEarlier) edited.keep(undefined);
        onDone(deal, isEarlier ? newDeal(values) : undefined);
        return undefined;
      }}
      hints={(values) =>
        known && values["organisation.name"].trim() !== known
          ? { "organisation.name": `The organisation’s other deals show “${known}”.` }
          : {}
      }
    >
      {(values) => (
        <>
          <Unanswered organisation={values["organisation.id"].trim()} />
          {before && (
            <p class="soft">
              You entered this before{!unansweredOf(values["organisation.id"].trim()) && ", and did not create it"}.{" "}
              <button type="button" class="link" onClick={startAgain}>
                Start again
              </button>
            </p>
          )}
          <KnownName id={values["organisation.id"].trim()} organisation={organisation} name={name} onKnown={setKnown} />
        </>
      )}
    </Form>
  );
}

/** Says that an attempt before this form got no answer. */
function Unanswered({ organisation }: { organisation: string }) {
  const [left] = useState(unanswered);
  const sent = left.find(isOf(organisation))?.deals.at(-1);
  return (
    sent && (
      <Notice tone="warn">
        <Text>{`An earlier attempt to create ${sent.name} for ${sent.organisation.name} got no answer. “Create deal” finds out whether it went through. It creates no second deal.`}</Text>
      </Notice>
    )
  );
}

/**
 * Asks, if the organisation's other deals show another name, or if a new organisation has the name of another. Returns the field
 * to change. `shown`: by the other deals.
 */
async function wrongName({ id, name }: NewDeal["organisation"], shown: string | undefined): Promise<Field | undefined> {
  if (shown === undefined) return (await isAnotherOrganisation(id, name)) ? undefined : "organisation.id";
  if (shown === name) return undefined;
  const yes = await confirm({
    title: `Use the name “${name}” for ${id}?`,
    body: (
      <p>
        The organisation’s other deals show “{shown}”. Learners of the new deal will see “{name}” in their emails, and
        the list of organisations will show it.
      </p>
    ),
    action: "Use this name",
    keep: "Change the name",
  });
  return yes ? undefined : "organisation.name";
}

/** Asks, if the name exists under another ID: one of the two is mistyped, or these are two organisations. */
async function isAnotherOrganisation(id: string, name: string): Promise<boolean> {
  const { organisations } = await listOrganisations(name, undefined).catch(() => ({ organisations: [] }));
  const same = organisations.filter((other) => other.id !== id && other.name.toLowerCase() === name.toLowerCase());
  if (same.length === 0) return true;
  const ids = same.map((other) => other.id).join(", ");
  return confirm({
    title: `Create another organisation named “${name}”?`,
    body: (
      <p>
        {id} has no deals yet, and “{name}” has the ID {ids}. Only managers with the ID {id} will see the new deal, and
        the ID cannot be changed later.
      </p>
    ),
    action: `Create it for ${id}`,
    keep: "Change the ID",
  });
}

/** Looks up the name that an organisation's deals show. */
function KnownName({
  id,
  organisation,
  name,
  onKnown,
}: {
  id: string;
  /** An organisation whose name the page knows. */
  organisation: string;
  name: string | undefined;
  onKnown: (name: string | undefined) => void;
}) {
  useEffect(() => {
    let left = false;
    const timer = setTimeout(async () => {
      // Without an answer, people type a name that the page does not know.
      const found = isOrganisationId(id)
        ? await listDeals(id).then(organisationName, () => (id === organisation ? name : undefined))
        : undefined;
      if (!left) onKnown(found);
    }, 300);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [id]);
  return null;
}

const CHANGES = {
  resize: { title: "Resize", action: "Resize", fields: ["seats"] },
  edit: { title: "Edit", action: "Save", fields: ["name", "organisation.name", "startsAt", "endsAt"] },
} as const;
export type Kind = keyof typeof CHANGES;

export interface LoadedDeal {
  body: DealWithSeats;
  etag: string | null;
}

export function ChangeForm({
  kind,
  loaded,
  deals,
  onReload,
  onDeleted,
  onDone,
  onClose,
}: {
  kind: Kind;
  loaded: LoadedDeal;
  /** The organisation's. */
  deals: DealWithSeats[];
  /** The deal had changed, and was loaded again. */
  onReload: (deal: DealWithSeats) => void;
  onDeleted: (deal: DealWithSeats, problem: Problem) => void;
  onDone: (deal: DealWithSeats) => void;
  onClose: () => void;
}) {
  const { title, action, fields } = CHANGES[kind];
  const [{ body: deal, etag }, setLoaded] = useState(loaded);
  const edited = editedOf<Partial<Values>>(`${kind}:${deal.id}`);
  const [before, setBefore] = useState(edited.kept);
  const [stale, setStale] = useState(false);
  /** Whether the change whose answer was lost has not been made. */
  const [unsaved, setUnsaved] = useState(false);
  const [idle, setIdle] = useState(false);
  const others = otherNames(deal, deals);
  const keepEdited = (values: Values) => {
    const stored = valuesOf(deal);
    const changed = fields.filter((field) => values[field] !== stored[field]).map((field) => [field, values[field]]);
    edited.keep(changed.length > 0 ? Object.fromEntries(changed) : undefined);
  };
  const done = (deal: DealWithSeats) => {
    edited.keep(undefined);
    onDone(deal);
    return undefined;
  };
  const close = () => {
    // The form of a session that has ended can only be closed.
    if (!sessionOver.value) edited.keep(undefined);
    onClose();
  };
  const submit = (values: Values) =>
    save(values).catch((error) => {
      const problem = asProblem(error);
      if (problem.code !== "not_found") throw problem;
      edited.keep(undefined);
      onDeleted(deal, problem);
      return undefined;
    });
  const save = async (values: Values): Promise<Field | undefined> => {
    const change = changeOf(deal, values);
    setIdle(Object.keys(change).length === 0);
    if (Object.keys(change).length === 0) return undefined;
    const now = Date.now();
    const others = change.name || change.startsAt || change.endsAt ? deals.filter(({ id }) => id !== deal.id) : [];
    const known = doubtsOfTwin(deal, deal.seats.total, others);
    const twin = doubtsOfTwin({ ...deal, ...change }, deal.seats.total, others).filter((text) => !known.includes(text));
    const harm = [...doubtsIn(change, deal, now), ...twin, ...harmOf(deal, change, now)];
    // The API refuses fewer seats than learners hold: no need to ask first.
    if (harm.length > 0 && !(change.seats !== undefined && change.seats < deal.seats.allocated)) {
      const yes = await confirm({
        title: `${title} ${deal.name} of ${deal.organisation.name}?`,
        body: harm.map((text) => <p key={text}>{text}</p>),
        action: kind === "resize" ? `Resize to ${counted(change.seats!, "seat")}` : "Save changes",
      });
      if (!yes) return fields[0];
    }
    try {
      return done((await changeDeal(deal.id, change, etag)).body);
    } catch (error) {
      const { code, isLost } = asProblem(error);
      if (code !== "stale" && !isLost) throw error;
      setUnsaved(false);
      const fresh = await getDeal(deal.id).catch((unread) => {
        throw isLost ? error : unread;
      });
      // An attempt whose answer was lost may have made this change.
      if (Object.keys(changeOf(fresh.body, values)).length === 0) return done(fresh.body);
      if (isLost && fresh.etag === etag) {
        setUnsaved(true);
        throw error;
      }
      setLoaded(fresh);
      setStale(true);
      onReload(fresh.body);
      return undefined;
    }
  };
  return (
    <Form
      key={before}
      title={`${title} ${deal.name}`}
      action={action}
      fields={fields}
      start={{ ...valuesOf(deal), ...before }}
      {...(unsaved && { lost: "This was not saved. Try again." })}
      submit={submit}
      onEdit={keepEdited}
      onClose={close}
      onLeave={onClose}
      hints={() => (others ? { "organisation.name": `For this deal only. ${others}` } : {})}
    >
      {(values) => (
        <>
          {before && (
            <p class="soft">
              You changed this before, and did not save it.{" "}
              <button type="button" class="link" onClick={() => (edited.keep(undefined), setBefore(undefined))}>
                Start again
              </button>
            </p>
          )}
          <p key={etag} class="soft">
            <bdi>{deal.organisation.name}</bdi>: {counted(deal.seats.total, "seat")}, {number(deal.seats.allocated)}{" "}
            allocated, {number(deal.seats.available)} available; {instant(deal.startsAt)} – {instant(deal.endsAt)}.
          </p>
          {stale && (
            <Notice tone="bad">
              This deal changed since you opened it. Check its current values above, then try again.
            </Notice>
          )}
          {idle && <Notice>You have not changed anything.</Notice>}
          {kind === "resize" && (
            <p>
              <Text>{outcome(deal, values.seats)}</Text>
            </p>
          )}
        </>
      )}
    </Form>
  );
}

/** The effect of a number of seats. */
function outcome({ seats: { total, allocated } }: DealWithSeats, text: string): string {
  const seats = numberIn(text);
  if (seats === undefined || seats === total || seats < allocated)
    return allocated === 0
      ? "No learner holds a seat yet."
      : `Learners hold ${counted(allocated, "seat")}. The deal can’t have fewer.`;
  const more = seats - total;
  return `${number(Math.abs(more))} ${more > 0 ? "more" : "fewer"} than now: ${number(seats - allocated)} would be available.`;
}

function Form({
  title,
  action,
  fields,
  start,
  lost = "We don’t know whether this was saved. Try again: saving twice does no harm.",
  submit,
  onEdit,
  onClose,
  onLeave = onClose,
  hints,
  children,
}: {
  title: string;
  action: string;
  fields: readonly Field[];
  /** The values of fields that were not edited. */
  start: Values;
  /** Said if no answer came. */
  lost?: string;
  /** Returns the field that the person goes back to. */
  submit: (values: Values) => Promise<Field | undefined>;
  onEdit?: (values: Values) => void;
  onClose: () => void;
  /** The person goes back to another page: what was entered stays. */
  onLeave?: () => void;
  /** Hints in place of the usual ones. */
  hints?: (values: Values) => Partial<Values>;
  children?: (values: Values) => ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState<Partial<Values>>({});
  const [wrong, setWrong] = useState<Wrong>({});
  /** The values that were submitted last. What is wrong is said until they change. */
  const [tried, setTried] = useState<Values>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const values = { ...start, ...typed };
  const back = useRef<Field | undefined>(undefined);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    // By default, a dialog that scrolls takes the focus itself.
    element.querySelector("input")?.focus();
    // Closing the dialog restores the focus.
    return () => element.close();
  }, []);
  useLayoutEffect(() => {
    dialog.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [wrong]);
  useLayoutEffect(() => {
    // Shows the notice to a person who submitted from the end of the form.
    if (!busy) dialog.current?.querySelector(".notice")?.scrollIntoView({ block: "nearest" });
    if (back.current) document.getElementById(idOf(back.current))?.focus();
    back.current = undefined;
  }, [busy]);

  useEffect(() => {
    // A form that waits for an answer stays, because it shows the answer.
    if (busy) return;
    addEventListener("popstate", onLeave);
    return () => removeEventListener("popstate", onLeave);
  }, [busy, onLeave]);

  const send = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const found = wrongIn(values, fields);
    setTried(values);
    setWrong(found);
    setProblem(undefined);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      back.current = await submit(values);
    } catch (error) {
      const refusal = asProblem(error);
      const refused = refusedFields(refusal, fields);
      setWrong(refused);
      if (Object.keys(refused).length === 0) setProblem(refusal);
    } finally {
      setBusy(false);
    }
  };
  const edit = (change: Partial<Values>) => {
    setTyped({ ...typed, ...change });
    onEdit?.({ ...values, ...change });
  };
  const close = (event: Event) => {
    event.preventDefault();
    if (!busy) onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby="form-title" onCancel={close}>
      <article>
        <form class="deal-form" onSubmit={send} noValidate>
          <h2 id="form-title">{title}</h2>
          {children?.(values)}
          {problem && (
            <Notice tone="bad">
              <Text>{wordsFor(problem, lost)}</Text>
            </Notice>
          )}
          {fields.map((field) => (
            <Input
              key={field}
              field={field}
              value={values[field]}
              wrong={tried?.[field] === values[field] ? wrong[field] : undefined}
              hint={hints?.(values)[field]}
              half={isTime(field) || (field.startsWith("organisation") && fields.includes("organisation.id"))}
              onInput={(value) => edit({ [field]: value })}
            />
          ))}
          <footer>
            <button type="button" class="secondary outline" onClick={close}>
              Cancel
            </button>
            <button type="submit" aria-busy={busy}>
              {action}
            </button>
          </footer>
        </form>
      </article>
    </dialog>
  );
}

const idOf = (field: Field) => `deal-${field}`;
const isTime = (field: Field) => field === "startsAt" || field === "endsAt";

function Input({
  field,
  value,
  wrong,
  hint,
  half,
  onInput,
}: {
  field: Field;
  value: string;
  wrong: string | undefined;
  hint: string | undefined;
  /** Whether another field is beside it. */
  half: boolean;
  onInput: (value: string) => void;
}) {
  const { label, hint: usual } = FIELDS[field];
  const id = idOf(field);
  const time = isTime(field) && fromInput(value);
  const help = time ? `That is ${instant(time)}.` : (hint ?? usual);
  return (
    <div class={half ? "half" : undefined}>
      <label for={id}>{isTime(field) ? `${label} (UTC)` : label}</label>
      <input
        {...(isTime(field) ? { type: "datetime-local" as const } : { type: "text" as const })}
        id={id}
        required
        autocomplete="off"
        {...(field === "seats" && { inputMode: "numeric" as const })}
        {...(field === "organisation.id" && { spellcheck: false, autocapitalize: "none" })}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        {...(wrong && { "aria-invalid": "true" as const })}
        {...((wrong || help) && { "aria-describedby": `${id}-help` })}
      />
      {(wrong || help) && (
        <p id={`${id}-help`} class={wrong ? "wrong" : "soft"}>
          <Text>{wrong ?? help ?? ""}</Text>
        </p>
      )}
    </div>
  );
}

/** A refusal that belongs to no field. */
function wordsFor({ code, detail, temporary, errors }: Problem, lost: string): string {
  if (code === "session_over")
    return "Your session has ended, and nothing was changed. Close this form, then sign in again.";
  if (code === "no_permission" || code === "forbidden")
    return "This account does not have permission to change deals. Ask an administrator for it, or sign in with another account.";
  if (temporary) return lost;
  return errors.length > 0 ? errors.map(({ field, detail }) => `${field}: ${detail}`).join("; ") : detail;
}
