/** The checked list: what will happen to each row, before anything is sent. */
import { Fragment, type RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Counts, Seats } from "../api";
import { moreThanSeats } from "../seats/deal-head";
import { searchNext } from "../seats/visit";
import { confirm } from "../ui/confirm";
import { People } from "../ui/people";
import { counted, number } from "../ui/seat-numbers";
import { announce, Notice } from "../ui/status";
import { Text } from "../ui/text";
import { doubtAbout, doubtOf } from "./doubt";
import { isDue } from "./draft";
import { focusAddresses } from "./entry";
import type { Inviting, Row } from "./inviting";
import { type LeftOut, stillOut } from "./parse";
import { DownloadResult } from "./result";
import { type CommonTypo, commonTypos, suggestionFor } from "./suggestion";
import { forecast, isSeveral, leftOutOf, pastOf, reasonFor, summaryOf } from "./verdicts";

/** More mistyped domains are corrected one by one. */
const MOST_TYPOS = 5;

/** Why to look at a row again: its doubt, and what happened to its earlier invite. */
const whyAgain = (row: Row, usual: readonly string[]) =>
  [doubtOf(row, usual)?.note, row.earlierInvite && pastOf(row.earlierInvite).note].filter(Boolean).join(" ");

const saysLookAgain = (count: number) => `${counted(count, "row says", "rows say")} “Look again”`;

/** The address that may be meant, for a row with one that may be mistyped or is none. */
function meantBy(row: Row, usual: readonly string[]): string | undefined {
  const isWrong = row.verdict?.outcome === "invalid_email";
  if (isWrong && row.email === "") return row.elsewhere;
  return isWrong && !isSeveral(row.email) ? suggestionFor(row.email, usual) : doubtAbout(row, usual)?.meant;
}

/** A longer table takes seconds to show. Rows to look at come first. */
const MOST_SHOWN = 1000;

export function CheckList({
  inviting,
  seats,
  counts,
  heading,
}: {
  inviting: Inviting;
  seats: Seats;
  counts: Counts;
  /** Takes the focus after a check. */
  heading: RefObject<HTMLHeadingElement | null>;
}) {
  const rows = inviting.rows.value;
  const all = inviting.shown.value;
  const checking = inviting.checking.value;
  const usual = inviting.usualDomains.value;
  // During a check the list says what it said before, so that nothing moves.
  const settled = useRef({ due: 0, summary: "" });
  if (!checking || !settled.current.summary) {
    const doubts = rows.filter((row) => doubtAbout(row, usual)).length;
    const outcomes = summaryOf(rows.flatMap(({ verdict }) => verdict ?? []));
    const again = doubts > 0 ? `. ${saysLookAgain(doubts)}.` : "";
    settled.current = { due: inviting.due.value.length, summary: outcomes && outcomes + again };
  }
  const { due, summary } = settled.current;
  const full = seats.available === 0;
  const unread = inviting.unread.value;
  const leftOut = stillOut(inviting.leftOut.value, rows);
  const left = inviting.left.value.length;
  const [shown, setShown] = useState(MOST_SHOWN);
  /** The rows of an earlier visit. */
  const [before] = useState(() => new Set(rows.map(({ id }) => id)));
  const earlier = left === 0 ? rows.filter(({ id }) => before.has(id)) : [];
  const earlierDue = earlier.length < rows.length ? earlier.filter(isDue).length : 0;
  /** For how many invites somebody pressed *Send* during a check, which a press that leaves a field begins. */
  const pressed = useRef<number>(undefined);
  const latest = useRef<() => Promise<void>>(undefined);
  useEffect(() => {
    if (checking || pressed.current === undefined || !rows.every(({ verdict }) => verdict)) return;
    if (pressed.current === due) void latest.current?.();
    else announce(`Nothing was sent, because the list has changed. ${summary}`);
    pressed.current = undefined;
  }, [checking, rows]);
  // It takes long for a long list, and stays during a check.
  const typos = useRef<CommonTypo[]>([]);
  const typosOf = useRef<Row[]>(undefined);
  if (!checking && typosOf.current !== rows) {
    typosOf.current = rows;
    typos.current = commonTypos(rows.map((row) => ({ ...row, meant: meantBy(row, usual) }))).slice(0, MOST_TYPOS);
  }
  const body = useRef<HTMLTableSectionElement>(null);
  if (all.length === 0) return null;

  const focusRow = (index: number) =>
    void setTimeout(() => body.current?.rows[index]?.querySelector<HTMLElement>(".change button, input")?.focus());
  const showMore = () => {
    setShown(shown + MOST_SHOWN);
    focusRow(shown);
  };
  const correctAll = async (emails: CommonTypo["emails"], meant: string) => {
    heading.current?.focus();
    await inviting.correctAll(emails);
    announce(`${number(emails.size)} addresses corrected to end in @${meant}`);
  };
  const few =
    due > 0 && counts.pending + due > seats.available
      ? full
        ? `${counted(due, "person", "people")} can be invited, but nobody can accept until a seat is free.`
        : `With this list, ${moreThanSeats(due, counts, seats)}`
      : undefined;
  const send = async () => {
    const doubts = inviting.due.value.filter((row) => doubtOf(row, usual));
    const tooMany = due > seats.available && few;
    const sure =
      (doubts.length === 0 && !tooMany) ||
      (await confirm({
        title:
          doubts.length > 0
            ? `Send although ${saysLookAgain(doubts.length)}?`
            : `Send ${counted(due, "invite")}, with ${counted(seats.available, "seat")} left?`,
        body: (
          <>
            {tooMany && <p>{tooMany}</p>}
            {doubts.length > 0 && (
              <People>
                {doubts.map((row) => (
                  <li key={row.id}>
                    <Text>{`${row.email}: ${whyAgain(row, usual)}`}</Text>
                  </li>
                ))}
              </People>
            )}
          </>
        ),
        action: `Send ${counted(due, "invite")}`,
        keep: doubts.length > 0 ? "Look again" : "Cancel",
      }));
    if (sure) return void (await inviting.send());
    // Rows to look at are among those that are shown.
    if (doubts.length > 0) focusRow(all.findIndex(({ id }) => doubts.some((doubt) => doubt.id === id)));
  };
  latest.current = send;
  const discard = async () => {
    const yes = await confirm({
      title: "Discard this list?",
      body: <p>This removes {counted(rows.length, "row")} from this page. No email is sent.</p>,
      action: "Discard list",
      keep: "Keep list",
    });
    if (!yes) return;
    inviting.clear();
    focusAddresses();
  };

  return (
    <section class="checked" aria-label="Checked addresses">
      <h2 ref={heading} tabIndex={-1}>
        <Text>{rows.length === 0 ? "Every row is removed" : summary || unchecked(inviting)}</Text>
      </h2>
      {left > 0 && (
        <p class="actions">
          <Text>{`${counted(left, "row is", "rows are")} left from your last list.`}</Text>
          <DownloadResult rows={inviting.last.value} />
        </p>
      )}
      {earlier.length > 0 && (
        <p>
          <Text>
            {earlier.length === rows.length
              ? "You checked this list before, and did not send it."
              : `${counted(earlier.length, "row is", "rows are")} from the list that you checked before and did not send.`}
          </Text>
        </p>
      )}
      {leftOut.length > 0 && <LeftOutLines lines={leftOut} />}
      {few && (
        <Notice {...(full && { tone: "warn" as const })}>
          <Text>{few}</Text>
        </Notice>
      )}
      {typos.current.map(({ typed, meant, emails }) => (
        <Notice key={`${typed} ${meant}`}>
          <Text>{`${number(emails.size)} addresses end in “@${typed}”. Did you mean “@${meant}”?`}</Text>{" "}
          <button
            type="button"
            class="secondary outline small"
            aria-disabled={checking}
            onClick={() => !checking && void correctAll(emails, meant)}
          >
            <Text>{`Correct all ${number(emails.size)}`}</Text>
          </button>
        </Notice>
      ))}
      <p class="actions send">
        {due > 0 && (
          <button
            type="button"
            aria-disabled={checking || unread}
            aria-busy={checking}
            onClick={() => {
              if (checking) pressed.current = due;
              else if (!unread) void send();
            }}
          >
            <Text>{`Send ${counted(due, "invite")}${earlierDue > 0 ? `, ${number(earlierDue)} from before` : ""}`}</Text>
          </button>
        )}
        {rows.length > 0 && (
          <button type="button" class="secondary outline" onClick={() => void discard()}>
            Discard list
          </button>
        )}
        <span class="soft">
          <Text>{`${counted(seats.available, "seat")} left`}</Text>
        </span>
        {due > 0 && unread && (
          <span>
            <Text>
              {inviting.question.value || inviting.text.value.trim() === ""
                ? "Answer the question above first: its addresses are not in this list yet."
                : "Check or clear the addresses above first: they are not in this list yet."}
            </Text>
          </span>
        )}
      </p>
      {all.some(({ id }, index) => index > 0 && id < all[index - 1]!.id) && (
        <p class="soft">
          <Text>Sorted by what needs a look first, not in the order of your list.</Text>
        </p>
      )}
      <table class="rows forecast" role="table" aria-label="What will happen">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Address
            </th>
            <th role="columnheader" scope="col" class="name">
              Name
            </th>
            <th role="columnheader" scope="col" class="outcome">
              What will happen
            </th>
            <th role="columnheader" scope="col" class="change">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody ref={body} role="rowgroup">
          {all.slice(0, shown).map((row, index) => (
            <CheckedRow key={row.id} {...{ inviting, row, full }} place={index + 1} />
          ))}
        </tbody>
      </table>
      {all.length > shown && (
        <p class="pages">
          <Text>{`${number(shown)} of ${counted(all.length, "row")} shown.`}</Text>
          <button type="button" class="secondary outline small" onClick={showMore}>
            Show more
          </button>
        </p>
      )}
    </section>
  );
}

/** More lines are not read one by one. */
const MOST_LINES = 200;
/** More lines would push the list out of sight. */
const MOST_OPEN = 12;

/** The lines that are left out. A few lines with an address are shown at once: somebody may be missing. */
function LeftOutLines({ lines }: { lines: LeftOut[] }) {
  const withAddress = lines.some(({ text }) => text.includes("@"));
  return (
    <details class="left-out" open={withAddress && lines.length <= MOST_OPEN}>
      <summary>
        <Text>{leftOutOf(lines)}</Text>
      </summary>
      <ul>
        {lines.slice(0, MOST_LINES).map(({ text, reason }, index) => (
          <li key={index}>
            <Text>{text}</Text>{" "}
            <span class="soft">
              <Text>{reasonFor(reason)}</Text>
            </span>
          </li>
        ))}
      </ul>
      {lines.length > MOST_LINES && (
        <p class="soft">
          <Text>{`These are the first ${number(MOST_LINES)} of ${number(lines.length)} lines.`}</Text>
        </p>
      )}
      {withAddress && <p class="soft">To invite somebody from these lines, add the address above.</p>}
    </details>
  );
}

/** What a list or row without a prediction says: its check may have failed. */
const unchecked = ({ checking }: Inviting) => (checking.value ? "Checking…" : "Not checked");

function CheckedRow({
  inviting,
  row,
  place,
  full,
}: {
  inviting: Inviting;
  row: Row;
  place: number;
  /** Whether no seat is free. */
  full: boolean;
}) {
  const [editing, setEditing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const nameInput = useRef<HTMLInputElement>(null);
  // During a check, the last words keep their place.
  const checked = useRef(row);
  if (row.verdict) checked.current = row;
  const { verdict } = checked.current;
  // Once shown, a field stays: it must not disappear while somebody corrects it.
  const wrong = verdict?.outcome === "invalid_email";
  const fields = editing || wrong;
  // Many may be corrected at once.
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = row.email;
  }, [row.email]);
  useEffect(() => {
    if (wrong) setEditing(true);
  }, [wrong]);
  const due = verdict?.outcome === "invited";
  const usual = inviting.usualDomains.value;
  const doubt = doubtAbout(checked.current, usual);
  const meant = meantBy(checked.current, usual);
  const who = row.email || row.name;
  const editButton = useRef<HTMLButtonElement>(null);
  const edit = (field = input) => {
    setEditing(true);
    setTimeout(() => field.current?.focus());
  };
  /** Enter checks what was typed, and Escape undoes it. A field that must be corrected stays. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      void enter();
    }
    if (event.key !== "Escape") return;
    if (input.current) input.current.value = row.email;
    if (nameInput.current) nameInput.current.value = row.name;
    if (!wrong) done();
  };

  const correct = async (change: { email?: string; name?: string }) => {
    await inviting.correct(row.id, change);
    const now = inviting.rows.value.find(({ id }) => id === row.id);
    if (now && nameInput.current && change.name !== undefined) nameInput.current.value = now.name;
    if (now?.verdict) announce(`${now.verdict.email}: ${forecast(now, doubtAbout(now, usual))?.label}`);
    return now;
  };
  /** What was typed. Leaving the field after Enter changes nothing more. */
  const typed = () => ({
    ...(input.current && input.current.value.trim() !== row.email && { email: input.current.value.trim() }),
    ...(nameInput.current && nameInput.current.value.trim() !== row.name && { name: nameInput.current.value.trim() }),
  });
  const commit = async () => {
    const change = typed();
    return Object.keys(change).length > 0 ? correct(change) : row;
  };
  const enter = async () => {
    const now = await commit();
    if (now?.verdict && now.verdict.outcome !== "invalid_email") done();
  };
  const use = () => {
    void correct({ email: meant ?? row.email });
    if (input.current) input.current.value = meant ?? row.email;
    // The button disappears with the mistake, so the field takes the focus.
    edit();
  };
  const useName = (name: string) => {
    void correct({ name });
    if (nameInput.current) nameInput.current.value = name;
    edit(nameInput);
  };
  const line = useRef<HTMLTableRowElement>(null);
  const height = useRef(0);
  const remove = () => {
    // The row keeps its height: the next one's button would come under the pointer of a double click.
    height.current = line.current?.offsetHeight ?? 0;
    announce(`Removed ${who}`);
    void inviting.remove(row.id);
    setTimeout(() => line.current?.querySelector("button")?.focus());
  };
  const restore = () => {
    void inviting.restore(row.id);
    setTimeout(() => line.current?.querySelector<HTMLElement>("button.remove")?.focus());
  };
  const done = () => {
    setEditing(false);
    setTimeout(() => editButton.current?.focus());
  };

  const prediction = forecast(checked.current, doubt);
  // Green would promise too much.
  const tone = due && full ? "expired" : prediction?.tone;
  const past = checked.current.earlierInvite && pastOf(checked.current.earlierInvite);
  const note = `verdict-${row.id}`;
  if (inviting.removed.value.has(row.id))
    return (
      <tr ref={line} role="row" class="removed" style={{ height: `${height.current}px` }}>
        <th role="rowheader" scope="row">
          <Text>{row.email}</Text>
        </th>
        <td role="cell" data-label="Name" class={row.name ? "" : "blank"}>
          <Text>{row.name || "–"}</Text>
        </td>
        <td role="cell" data-label="What will happen">
          <div>
            <span class="state">Removed</span>{" "}
            <button type="button" class="link" aria-label={`Undo: restore ${who}`} onClick={restore}>
              Undo
            </button>
          </div>
        </td>
        <td role="cell" class="change" />
      </tr>
    );
  return (
    <tr ref={line} role="row">
      <th role="rowheader" scope="row">
        {fields ? (
          <input
            ref={input}
            type="text"
            inputMode="email"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            defaultValue={row.email}
            aria-label={`Address in row ${place}`}
            aria-invalid={wrong || undefined}
            aria-describedby={note}
            onKeyDown={onKeyDown}
            onChange={() => void commit()}
          />
        ) : (
          <Text>{row.email}</Text>
        )}
      </th>
      <td role="cell" data-label="Name" class={fields || row.name ? "" : "blank"}>
        {fields ? (
          <input
            ref={nameInput}
            type="text"
            autocomplete="off"
            spellcheck={false}
            defaultValue={row.name}
            aria-label={`Name in row ${place}`}
            onKeyDown={onKeyDown}
            onChange={() => void commit()}
          />
        ) : (
          <Text>{row.name || "–"}</Text>
        )}
      </td>
      <td role="cell" data-label="What will happen" id={note}>
        <div class={row.verdict ? "" : "checking"}>
          <span class={`state ${(row.verdict && tone) ?? ""}`}>
            <Text>{(row.verdict && prediction?.label) ?? unchecked(inviting)}</Text>
          </span>
          {prediction?.note && (
            <div class="soft">
              <Text>{prediction.note}</Text>
            </div>
          )}
          {past && (
            <div class="soft">
              <Text>{past.note}</Text>{" "}
              <a
                class="alone small"
                href={`/deals/${inviting.deal}${past.list ? `?status=${past.list}` : ""}`}
                onClick={() => searchNext(inviting.deal, past.email)}
              >
                {past.isNew ? "See the new invite" : "See the invite"}
              </a>
            </div>
          )}
          {meant && (
            <div class="soft">
              Did you mean this?{" "}
              <button type="button" class="link" onClick={use}>
                <Text>{meant}</Text>
              </button>
            </div>
          )}
          {doubt?.names && (
            <div class="soft">
              Is this the name?{" "}
              {doubt.names.map((name) => (
                <Fragment key={name}>
                  <button type="button" class="link" onClick={() => useName(name)}>
                    <Text>{name}</Text>
                  </button>{" "}
                </Fragment>
              ))}
            </div>
          )}
        </div>
      </td>
      <td role="cell" class="change">
        {!fields && (
          <button ref={editButton} type="button" class="link" aria-label={`Edit ${who}`} onClick={() => edit()}>
            Edit
          </button>
        )}
        {fields && !wrong && (
          <button type="button" class="link" aria-label={`Done with ${who}`} onClick={done}>
            Done
          </button>
        )}
        <button
          type="button"
          class="link remove"
          aria-label={`Remove ${who}`}
          // The second press of a double click, if a notice above has gone.
          onClick={({ detail }) => detail < 2 && remove()}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}
