/** Deals admin: partnership managers find organisations, and create, resize, edit, end and delete their deals. */
import "./admin.css";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { changeDeal, type DealWithSeats, deleteDeal, getDeal, listDeals, type NewDeal, type Problem } from "../api";
import { DealState } from "../deals";
import { session } from "../session";
import { OtherWays } from "../sign-in";
import { dateTime, instant } from "../time";
import { confirm } from "../ui/confirm";
import { Heading } from "../ui/frame";
import { asProblem, useLoad } from "../ui/load";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { dropCreated, lookUp, type Outcome, unanswered } from "./draft";
import { isOrganisationId, losers, organisationName, otherNames, utc } from "./fields";
import { ChangeForm, type Kind, type LoadedDeal, NewDealForm } from "./forms";
import { AllOrganisations, NoDeals, Organisations, pathOf } from "./organisations";

type Open = { kind: "new"; organisation: string } | { kind: Kind; loaded: LoadedDeal };

export function Admin() {
  return (
    <>
      <Heading title="Deals admin">Deals admin</Heading>
      {session.value && !session.value.scopes.has("deals.admin") ? (
        <>
          <Notice tone="bad">
            <strong>This account does not have permission to manage deals.</strong> Ask an administrator for it, or sign
            in with another account.
          </Notice>
          <OtherWays />
        </>
      ) : (
        <Deals />
      )}
    </>
  );
}

function Deals() {
  const { query, route, path } = useLocation();
  const organisation = query.organisation ?? "";
  const known = isOrganisationId(organisation);
  const { value, problem, loading, reload, update } = useLoad(organisation, async () =>
    known ? await listDeals(organisation) : [],
  );
  // The index behind the list may lag: these deals were just created here.
  const [created, setCreated] = useState<DealWithSeats[]>([]);
  const [open, setOpen] = useState<Open | null>(null);
  const [said, setSaid] = useState(takeArriving);
  const [refusal, setRefusal] = useState<{ problem: Problem; text?: string; retry?: () => void }>();
  /** The deal that is loaded again before an action. */
  const [starting, setStarting] = useState<string>();
  /** The deals that the API did not delete, because somebody was invited. That does not change. */
  const [inUse, setInUse] = useState<ReadonlySet<string>>(new Set());
  /** The keys of the attempts without an answer of which the page has told. */
  const told = useRef(new Set<string>());
  const deals = value && [
    ...value,
    ...created.filter((deal) => deal.organisation.id === organisation && !value.some(({ id }) => id === deal.id)),
  ];

  useEffect(() => {
    if (known && deals) announce(`${counted(deals.length, "deal")} of ${organisationName(deals) ?? organisation}`);
  }, [deals?.length, organisation]);

  const show = (deal: DealWithSeats) => {
    const replaced = (list: DealWithSeats[]) => list.map((old) => (old.id === deal.id ? deal : old));
    update(replaced);
    setCreated(replaced);
  };
  /** Takes a deleted deal out of the list. */
  const drop = (deal: DealWithSeats) => {
    const others = (list: DealWithSeats[]) => list.filter(({ id }) => id !== deal.id);
    update(others);
    setCreated(others);
    setOpen(null);
  };
  const dropDeleted = (deal: DealWithSeats, problem: Problem) => {
    drop(deal);
    setRefusal({ problem, text: `${deal.name} of ${deal.organisation.name} was deleted meanwhile.` });
  };
  /** Says what the attempts to create a deal that got no answer have created. `place`: where they were entered. */
  const findOut = async (place: string, before = "") => {
    const sent = unanswered().map(({ deals }) => deals.at(-1)!);
    if (sent.length === 0) return;
    const which = sent.map(({ name, organisation }) => `${name} for ${organisation.name}`).join(", ");
    setSaid({ tone: "plain", text: `Finding out whether Seatkeeper created ${which}.` });
    try {
      const first = await lookUp();
      // The list of deals may lag.
      if (first.some(({ deal }) => !deal)) await new Promise((next) => setTimeout(next, LAG));
      const outcomes = [...first.filter(({ deal }) => deal), ...(await lookUp())];
      dropCreated(place, outcomes);
      setCreated((created) => [...created, ...outcomes.flatMap(({ deal }) => deal ?? [])]);
      for (const { key } of unanswered()) told.current.add(key);
      setSaid({
        tone: outcomes.every(({ deal }) => deal) ? "good" : "warn",
        text: [before, ...outcomes.map(wordsOf)].join(" ").trim(),
      });
    } catch (error) {
      setSaid(undefined);
      const text = `${before} We don’t know whether ${which} was created.`.trim();
      const retry = () => (setRefusal(undefined), void findOut(place, before));
      setRefusal({ problem: asProblem(error), text, retry });
    }
  };
  const done = (deal: DealWithSeats, text: string, tone: Said["tone"] = "good") => {
    show(deal);
    setOpen(null);
    setSaid({ tone, text });
  };
  /** Loads the deal again before an action, so that people decide on current values. */
  const begin = async (deal: DealWithSeats, go: (loaded: LoadedDeal) => Promise<void> | void) => {
    if (starting !== undefined) return;
    setStarting(deal.id);
    setSaid(undefined);
    setRefusal(undefined);
    try {
      const loaded = await getDeal(deal.id);
      show(loaded.body);
      await go(loaded);
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === "not_found") return dropDeleted(deal, problem);
      const text = `${deal.name} of ${deal.organisation.name} could not be loaded. Nothing was changed.`;
      setRefusal({ problem, text, ...(problem.temporary && { retry: () => void begin(deal, go) }) });
    } finally {
      setStarting(undefined);
    }
  };
  /**
   * Makes a change that was confirmed. If its answer is lost, or a repetition meets another version, the deal is read again:
   * `told` tells what an earlier attempt has done, if it has. *Try again* asks no second question.
   */
  const carryOut = async (
    loaded: LoadedDeal,
    what: string,
    write: () => Promise<void>,
    told: (now: DealWithSeats | undefined) => boolean,
  ) => {
    const { body: deal, etag } = loaded;
    setStarting(deal.id);
    setRefusal(undefined);
    try {
      await write();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === "not_found") return dropDeleted(deal, problem);
      if (problem.code === "deal_in_use") {
        // The button that has the focus goes.
        const row = document.activeElement?.closest("tr");
        setInUse((old) => new Set(old).add(deal.id));
        setTimeout(() => row?.querySelector("button")?.focus());
      }
      let outcome = problem.isLost ? "may have gone through" : "failed";
      if (problem.isLost || problem.code === "stale") {
        const now = await getDeal(deal.id).catch(asProblem);
        if ("body" in now) show(now.body);
        const isGone = !("body" in now) && now.code === "not_found";
        if ("body" in now ? told(now.body) : isGone && told(undefined)) return;
        if (isGone) return dropDeleted(deal, problem);
        if (problem.isLost && "body" in now && now.etag === etag) outcome = "has not gone through";
      }
      const text = `${what} ${deal.name} of ${deal.organisation.name} ${outcome}.`;
      const retry = () => void carryOut(loaded, what, write, told);
      setRefusal({ problem, text, ...(problem.temporary && { retry }) });
    } finally {
      setStarting(undefined);
    }
  };
  const end = async (loaded: LoadedDeal) => {
    const { body: deal, etag } = loaded;
    const isUpcoming = deal.state === "upcoming";
    const was = isUpcoming
      ? ` It was to start on ${instant(deal.startsAt)}, and to end on ${instant(deal.endsAt)}: to undo this, edit the deal and set start and end again.`
      : "";
    const yes = await confirm({
      title: `End ${deal.name} of ${deal.organisation.name} now?`,
      body: (
        <p>
          {losers(deal)}{" "}
          {isUpcoming ? `The start moves to now too.${was}` : "To undo this, edit the deal and set a later end."}
        </p>
      ),
      action: "End deal now",
      keep: "Keep deal",
    });
    if (!yes) return;
    const now = Date.now();
    const endsAt = utc(new Date(now));
    // A deal can't end before it starts, so an upcoming one starts a second ago.
    const change = isUpcoming ? { startsAt: utc(new Date(now - 1000)), endsAt } : { endsAt };
    const ended = ({ name, organisation, state, endsAt }: DealWithSeats) =>
      `${name} of ${organisation.name} ${state === "ended" ? "has ended" : `ends on ${instant(endsAt)}`}`;
    await carryOut(
      loaded,
      "Ending",
      async () => {
        const { body } = await changeDeal(deal.id, change, etag);
        done(body, `${ended(body)}.${was}`);
      },
      (now) => {
        const isEnded = now !== undefined && Date.parse(now.endsAt) === Date.parse(endsAt);
        if (isEnded) done(now, `${ended(now)}: your first attempt had gone through.${was}`);
        return isEnded;
      },
    );
  };

  const remove = async (loaded: LoadedDeal) => {
    const { body: deal, etag } = loaded;
    const yes = await confirm({
      title: `Delete ${deal.name} of ${deal.organisation.name}?`,
      body: (
        <p>
          If somebody was ever invited to this deal, Seatkeeper refuses, and nothing changes
          {deal.state !== "ended" && ": end the deal instead"}. To create a deleted deal again, you need all its values.
        </p>
      ),
      action: "Delete deal",
      keep: "Keep deal",
    });
    if (!yes) return;
    const gone = (text: string) => {
      drop(deal);
      setSaid({ tone: "good", text });
    };
    const which = `${deal.name} of ${deal.organisation.name}`;
    await carryOut(
      loaded,
      "Deleting",
      async () => {
        await deleteDeal(deal.id, etag);
        gone(`${which} was deleted.`);
      },
      (now) => {
        // Nothing says who deleted it.
        if (!now) gone(`No answer came, but ${which} is deleted.`);
        return !now;
      },
    );
  };

  return (
    <>
      <Find
        text={organisation || (query.find ?? "")}
        onFind={(text) => {
          setSaid(undefined);
          setRefusal(undefined);
          if (organisation && text === organisation) void reload();
          else route(pathOf({ ...(text && { find: text }) }));
        }}
        onNew={() => setOpen({ kind: "new", organisation: known ? organisation : "" })}
      />
      <div class="message">
        {said && (
          <Result key={said} tone={said.tone} onClose={() => setSaid(undefined)}>
            {said.text}
          </Result>
        )}
        {refusal &&
          (refusal.problem.code === "stale" ? (
            <Notice tone="bad">
              This deal changed since you loaded it, so nothing was done.{" "}
              <button type="button" class="small" onClick={() => (setRefusal(undefined), void reload())}>
                Reload deals
              </button>
            </Notice>
          ) : refusal.problem.code === "not_found" ? (
            <Result key={refusal.text} tone="warn" onClose={() => setRefusal(undefined)}>
              {refusal.text!}
            </Result>
          ) : (
            <Failure {...refusal} onClose={() => setRefusal(undefined)} />
          ))}
      </div>
      {problem ? (
        <Failure problem={problem} reload={() => void reload()} />
      ) : !known ? (
        <Organisations
          key={query.find ?? organisation}
          // No ID has such letters: the address may come from somebody who typed a name.
          find={query.find ?? organisation}
          onFirst={(organisation) => setOpen({ kind: "new", organisation })}
        />
      ) : !deals ? (
        <Waiting what="Loading deals" />
      ) : deals.length === 0 ? (
        <NoDeals key={organisation} onFirst={() => setOpen({ kind: "new", organisation })}>
          {organisation} has no deals yet. If the ID is right, create the organisation’s first deal.
        </NoDeals>
      ) : (
        <DealTable
          deals={deals}
          loading={loading}
          busy={starting}
          inUse={inUse}
          onChange={(kind, deal) => void begin(deal, (loaded) => setOpen((open) => open ?? { kind, loaded }))}
          onEnd={(deal) => void begin(deal, end)}
          onDelete={(deal) => void begin(deal, remove)}
        />
      )}
      {open?.kind === "new" && (
        <NewDealForm
          organisation={open.organisation}
          name={deals && organisationName(deals)}
          onClose={() => {
            setOpen(null);
            void findOut(open.organisation);
          }}
          onDone={(deal, unsaved) => {
            setCreated([...created, deal]);
            const what = createdWords(deal);
            const text = unsaved
              ? `Your first attempt had gone through. ${what} What you entered later was not saved: ${changesIn(unsaved, deal)}. Resize or edit the deal, or press “New deal” to create another with what you entered.`
              : what;
            done(deal, text, unsaved ? "warn" : "good");
            if (unanswered().some(({ key }) => !told.current.has(key))) void findOut(open.organisation, text);
            if (deal.organisation.id === organisation) return;
            // The first page has Deals admin, too: the next page is another component there.
            if (path === "/") arriving = { tone: unsaved ? "warn" : "good", text };
            route(pathOf({ organisation: deal.organisation.id }));
          }}
        />
      )}
      {open && open.kind !== "new" && (
        <ChangeForm
          kind={open.kind}
          loaded={open.loaded}
          deals={deals ?? []}
          onReload={show}
          onDeleted={dropDeleted}
          onClose={() => setOpen(null)}
          onDone={(deal) =>
            done(
              deal,
              open.kind === "resize"
                ? `${deal.name} now has ${counted(deal.seats.total, "seat")}, ${number(deal.seats.available)} of them available.`
                : `${deal.name} was saved: ${instant(deal.startsAt)} – ${instant(deal.endsAt)}.${renamed(open.loaded.body, deal, deals ?? [])}`,
            )
          }
        />
      )}
    </>
  );
}

/** Told on the page that comes next. */
let arriving: Said | undefined;
function takeArriving(): Said | undefined {
  const said = arriving;
  arriving = undefined;
  return said;
}

/** A good one passes once the person goes on. A plain one says what goes on. */
interface Said {
  tone: "plain" | "good" | "warn";
  text: string;
}

const timesIn = ({ startsAt, endsAt }: Pick<NewDeal, "startsAt" | "endsAt">) =>
  `${instant(startsAt)} – ${instant(endsAt)}`;

/** What was entered and the deal does not have. */
function changesIn(entered: NewDeal, deal: DealWithSeats): string {
  const changes = [
    entered.name !== deal.name && entered.name,
    entered.organisation.id !== deal.organisation.id && `the organisation ID ${entered.organisation.id}`,
    entered.organisation.name !== deal.organisation.name && entered.organisation.name,
    entered.seats !== deal.seats.total && counted(entered.seats, "seat"),
    timesIn(entered) !== timesIn(deal) && timesIn(entered),
  ];
  return changes.filter(Boolean).join(", ");
}

/** How long the list of deals may lag behind, in milliseconds. */
const LAG = 2000;

const createdWords = (deal: DealWithSeats) =>
  `${deal.name} was created for ${deal.organisation.name}: ${counted(deal.seats.total, "seat")}, ${timesIn(deal)}.`;

/** What an attempt without an answer has done. */
const wordsOf = ({ sent, deal }: Outcome) =>
  deal
    ? `No answer came, but ${createdWords(deal)}`
    : `${sent.organisation.name} has no new deal ${sent.name}: your attempt seems not to have gone through. What you entered is kept: with “New deal”, you can try again, and there will be only one deal.`;

/** Says the organisation's name in a deal, if it was corrected, and what keeps another one. */
function renamed(before: DealWithSeats, deal: DealWithSeats, deals: DealWithSeats[]): string {
  const { name } = deal.organisation;
  if (name === before.organisation.name) return "";
  return ` It shows the organisation’s name “${name}”. ${otherNames(deal, deals)}`.trimEnd();
}

/** Takes the focus, because the button that was pressed may be gone. */
function Result({ tone, children, onClose }: { tone: Said["tone"]; children: string; onClose: () => void }) {
  const here = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => here.current?.focus(), []);
  return (
    <div ref={here} tabIndex={-1}>
      <Notice tone={tone} onClose={onClose}>
        <Text>{children}</Text>
      </Notice>
    </div>
  );
}

function Find({ text, onFind, onNew }: { text: string; onFind: (text: string) => void; onNew: () => void }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const submit = (event: Event) => {
    event.preventDefault();
    onFind(typed.trim().replace(/\s+/g, " "));
  };
  return (
    <form class="find-deals" onSubmit={submit}>
      <div>
        <label for="organisation">Organisation name or ID</label>
        <input
          id="organisation"
          type="search"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      </div>
      <button type="submit" class="secondary outline">
        Find
      </button>
      <button type="button" onClick={onNew}>
        New deal
      </button>
    </form>
  );
}

function DealTable({
  deals,
  loading,
  busy,
  inUse,
  onChange,
  onEnd,
  onDelete,
}: {
  deals: DealWithSeats[];
  loading: boolean;
  /** The deal with a request in progress. */
  busy: string | undefined;
  /** The deals that cannot be deleted. */
  inUse: ReadonlySet<string>;
  onChange: (kind: Kind, deal: DealWithSeats) => void;
  onEnd: (deal: DealWithSeats) => void;
  onDelete: (deal: DealWithSeats) => void;
}) {
  const name = organisationName(deals)!;
  return (
    <>
      <AllOrganisations />
      <h2>
        <Text>{name}</Text>
      </h2>
      <table class="rows deals" role="table" aria-label={`Deals of ${name}`} aria-busy={loading}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Deal
            </th>
            <th role="columnheader" scope="col" class="figure">
              Seats
            </th>
            <th role="columnheader" scope="col" class="figure">
              Allocated
            </th>
            <th role="columnheader" scope="col" class="figure">
              Available
            </th>
            <th role="columnheader" scope="col">
              Starts
            </th>
            <th role="columnheader" scope="col">
              Ends
            </th>
            <th role="columnheader" scope="col">
              State
            </th>
            <th role="columnheader" scope="col">
              Actions
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {deals.map((deal) => (
            <tr role="row" key={deal.id} aria-busy={deal.id === busy}>
              <th role="rowheader" scope="row">
                <Text>{deal.name}</Text>
                {deal.organisation.name !== name && (
                  <div class="soft">
                    <Text>{`For ${deal.organisation.name}`}</Text>
                  </div>
                )}
              </th>
              <td role="cell" class="figure" data-label="Seats">
                <Text>{number(deal.seats.total)}</Text>
              </td>
              <td role="cell" class="figure" data-label="Allocated">
                <Text>{number(deal.seats.allocated)}</Text>
              </td>
              <td role="cell" class="figure" data-label="Available">
                <Text>{deal.state === "ended" ? "–" : number(deal.seats.available)}</Text>
              </td>
              <td role="cell" data-label="Starts" class="small">
                <Text>{dateTime(deal.startsAt)}</Text>
              </td>
              <td role="cell" data-label="Ends" class="small">
                <Text>{dateTime(deal.endsAt)}</Text>
              </td>
              <td role="cell" data-label="State">
                <DealState deal={deal} />
              </td>
              <td role="cell">
                <p class="actions">
                  <Act what="Resize" deal={deal} onClick={() => onChange("resize", deal)} />
                  <Act what="Edit" deal={deal} onClick={() => onChange("edit", deal)} />
                  {deal.state !== "ended" && <Act what="End now" deal={deal} onClick={() => onEnd(deal)} />}
                  {deal.seats.allocated === 0 && !inUse.has(deal.id) && (
                    <Act what="Delete" deal={deal} onClick={() => onDelete(deal)} />
                  )}
                </p>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Act({ what, deal, onClick }: { what: string; deal: DealWithSeats; onClick: () => void }) {
  return (
    <button type="button" class="secondary outline small" onClick={onClick}>
      {what}
      <span class="visually-hidden"> {deal.name}</span>
    </button>
  );
}
