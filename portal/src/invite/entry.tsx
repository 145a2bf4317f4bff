/** The field for addresses: pasted, typed, or from a file. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { DealWithSeats, Problem } from "../api";
import { counted, number, people } from "../ui/seat-numbers";
import { announce, Failure, Notice } from "../ui/status";
import { Text } from "../ui/text";
import { type Choice, ChoiceForm } from "./choice-form";
import type { Columns } from "./columns";
import { ColumnsForm } from "./columns-form";
import { keyOfAddress, takeTyped } from "./draft";
import { isSpreadsheet, LARGEST_FILE, type Reading, readingsOf, samplesOf } from "./file";
import { FromDeal } from "./from-deal";
import { type Inviting, MOST_ROWS } from "./inviting";
import { type Learners, takenFrom } from "./learners";
import { type List, readList, whyNobody } from "./parse";
import { peopleIn, type Recipient } from "./recipients";
import type { Refusal, Sheet } from "./spreadsheet";

/** Why a spreadsheet is not read, and what to do. */
const REFUSALS: Record<Refusal, string> = {
  xls: "is in the format of older Excel versions. Open it, save it as an Excel workbook (.xlsx) or as CSV, then choose that file.",
  password: "has a password. Open it, save a copy without a password, then choose the copy.",
  other: "is not an Excel workbook (.xlsx). Open it, save it as .xlsx or as CSV, then choose that file.",
  broken: "is damaged. Open it in your spreadsheet program, save it again, then choose the new file.",
  rows: "has too many rows for a list. Split the sheet, and choose the parts one after another.",
  size: "is too large for a list of addresses. Copy the columns of addresses and names into a new file, then choose that one.",
};

/** Used when the focused element has gone. Deferred: a field can't take the focus while a dialog is open. */
export const focusAddresses = () => void setTimeout(() => document.getElementById("addresses")?.focus());

/** An address to fill in. */
const focusFirstWrong = () =>
  void setTimeout(() => document.querySelector<HTMLElement>(".checked [aria-invalid]")?.focus());

const LATER = "What you pasted waits until this check ends. Then it is checked, too.";

export function Entry({ inviting, onChecked }: { inviting: Inviting; onChecked: () => void }) {
  const [refusal, setRefusal] = useState("");
  /** Messages about files, the newest last. */
  const [notes, setNotes] = useState<{ text: string; tone?: "bad" }[]>([]);
  const [choice, setChoice] = useState<Choice>();
  const [opening, setOpening] = useState(false);
  const { query, route } = useLocation();
  const [taking, setTaking] = useState(query.from !== undefined);
  const [over, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const takingButton = useRef<HTMLButtonElement>(null);
  const { problem, checking, files } = inviting;
  const question = inviting.question.value;
  const listed = inviting.rows.value.length;

  const append = (text: string) => inviting.write([inviting.text.value, text].filter(Boolean).join("\n"));
  const check = async (answer?: Columns) => {
    if (checking.value) return;
    setRefusal("");
    // A pasted list is checked already.
    if (listed > 0 && inviting.text.value.trim() === "") return onChecked();
    const list = inviting.read(answer);
    if ("question" in list) return;
    if (list.rows.length === 0) {
      const others = list.leftOut.some(({ text }) => text.includes("@"));
      setRefusal(
        others
          ? "The only addresses here seem to be private or somebody else’s. To invite one, type it without the words around it."
          : `There is no address here ${listed > 0 ? "to add to the list" : "yet"}. Type or paste one.`,
      );
      area.current?.focus();
      return;
    }
    if (await add(list)) inviting.write("");
  };
  const none = () => {
    inviting.dismiss();
    setRefusal("No address was read. Correct the text above and check it again, or clear it.");
    area.current?.focus();
  };
  /** Whether the rows are in the list now. */
  const add = async (list: List): Promise<boolean> => {
    announce("Checking");
    const { tooMany, added = false } = await inviting.add(list);
    if (tooMany !== undefined) {
      setRefusal(
        `These are ${number(tooMany)} addresses, but a list can have at most ${number(MOST_ROWS)}. ` +
          "Nothing was checked. Split the list, and send the parts one after another.",
      );
      area.current?.focus();
    } else if (!added && !problem.value) {
      setRefusal("The list changed while these people were checked, so they were not added. Add them again.");
    }
    if (added) onChecked();
    return added;
  };
  const closeTaking = () => {
    setTaking(false);
    // A reload does not ask again.
    if (query.from !== undefined) route(`/deals/${inviting.deal}/invite`, true);
  };
  /** Adds people again whose check failed with this problem. */
  const takeAgain = useRef<{ of?: Problem | undefined; again?: () => Promise<void> }>({});
  const take = async (learners: Learners, from: DealWithSeats) => {
    const listed = new Set(inviting.rows.value.map(keyOfAddress));
    const added = learners.people.filter((person) => !listed.has(keyOfAddress(person)));
    setNotes([]);
    setRefusal("");
    if (added.length > 0 && !(await add({ rows: added, leftOut: [] }))) {
      takeAgain.current = { of: problem.value, again: () => take(learners, from) };
      return;
    }
    closeTaking();
    addNote(takenFrom(from.name, added.length, learners));
  };

  useEffect(() => {
    const typed = takeTyped(inviting.deal);
    if (!typed) return;
    // Without an address it is a name, whose address is still to be filled in.
    const list = typed.includes("@") ? readList(typed) : { rows: [{ email: "", name: typed }], leftOut: [] };
    if (!("rows" in list)) return append(typed);
    // Somebody pressed *Invite again*, or searched for this person.
    const wanted = list.rows.map((row): Recipient => ({ ...row, wanted: true }));
    void add({ ...list, rows: wanted }).then((added) => (added ? focusFirstWrong() : append(typed)));
  }, []);

  const onInput = (event: InputEvent & { currentTarget: HTMLTextAreaElement }) => {
    inviting.write(event.currentTarget.value);
    setRefusal("");
    setNotes([]);
    // A pasted list is checked at once, also one of a single person. A pasted word may be a part of an address.
    const pasted = event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop";
    if (!pasted) return;
    const list = readList(inviting.text.value);
    if ("question" in list || list.rows.length > 1 || list.rows.some(({ email }) => email.includes("@"))) void check();
  };
  /** What was pasted during a check. */
  const [later, setLater] = useState("");
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!checking.value || !text.trim()) return;
    event.preventDefault();
    setLater((later) => [later, text].filter(Boolean).join("\n"));
  };
  useEffect(() => {
    if (!later || checking.value) return;
    // First, the checked text leaves the box.
    const timer = setTimeout(() => {
      setLater("");
      append(later);
      if (!inviting.question.value) void check();
    });
    return () => clearTimeout(timer);
  }, [later, checking.value]);

  const choose = (chosen: FileList | null) => {
    setNotes([]);
    setRefusal("");
    files.value = [...files.value, ...(chosen ?? [])];
    // The text in the box came before the file, so it is checked first.
    if (inviting.text.value.trim() && !question) void check();
  };
  const free = !checking.value && !opening && !choice && inviting.text.value.trim() === "";
  const [next] = files.value;
  const waiting = checking.value || opening ? 0 : files.value.length - (choice ? 1 : 0);
  useEffect(() => {
    if (!next || !free) return;
    setOpening(true);
    const unopened = (error: unknown) => {
      // The file was read, and left the queue: this fault is another.
      if (files.value[0] !== next) throw error;
      refuse(`${next.name} could not be opened. Choose it again. If it is a folder, choose the files in it.`);
    };
    void open(next)
      .catch(unopened)
      .finally(() => setOpening(false));
  }, [free, next]);

  const addNote = (text: string, tone?: "bad") => setNotes((notes) => [...notes, { text, ...(tone && { tone }) }]);
  const refuse = (text: string) => {
    files.value = files.value.slice(1);
    addNote(text, "bad");
  };
  /** Asks about the file that is open. */
  const ask = <T,>(options: T[], question: Omit<Choice, "onChosen">, use: (option: T) => void, refusal: string) =>
    setChoice({
      ...question,
      onChosen: (index) => {
        setChoice(undefined);
        const option = index === undefined ? undefined : options[index];
        if (option !== undefined) return use(option);
        refuse(refusal);
        area.current?.focus();
      },
    });
  const open = async (chosen: File) => {
    if (chosen.size > LARGEST_FILE) {
      refuse(`${chosen.name} is too large for a list of addresses. Save the sheet as CSV, then choose that file.`);
    } else if (await isSpreadsheet(chosen)) await openSheets(chosen);
    else await openText(chosen.name, await readingsOf(chosen));
  };
  const openText = async (name: string, readings: Reading[]) => {
    const [only, another] = readings;
    if (!only) return refuse(`${name} is not a text file. Save the sheet as CSV, then choose that file.`);
    if (!another) {
      if (only.name !== "Unicode") {
        addNote(
          `${name} does not say which character encoding it uses, so it was read as ${only.name}. If a name looks wrong, save the sheet as “CSV UTF-8” and choose that file.`,
        );
      }
      return read(name, only.text);
    }
    const samples = samplesOf(readings);
    ask(
      readings,
      {
        label: "Spelling",
        title: "Which of these is spelt right?",
        hint: `${name} does not say which character encoding it uses. Choose the line in which the words are spelt right.`,
        options: readings.map(({ name }, index) => ({ text: samples[index] ?? "", note: name })),
        none: "None of these",
        action: "Use this spelling",
      },
      ({ text }) => void read(name, text),
      `${name} was not read. Save the sheet as “CSV UTF-8”, then choose that file.`,
    );
  };
  const openSheets = async (chosen: File) => {
    const { name } = chosen;
    // Not in the catch below: that the script could not be loaded says nothing about the file.
    const spreadsheet = await import("./spreadsheet").catch(() => undefined);
    if (!spreadsheet) return refuse(`${name} could not be read: check your internet connection, then choose it again.`);
    let sheets: Sheet[];
    try {
      sheets = spreadsheet.sheetsOf(new Uint8Array(await chosen.arrayBuffer()));
    } catch (error) {
      return refuse(`${name} ${REFUSALS[error instanceof spreadsheet.Unreadable ? error.refusal : "broken"]}`);
    }
    const use = async ({ hidden, unsolved = 0, text }: Sheet) => {
      if (unsolved > 0) {
        const note = `${name} has ${counted(unsolved, "formula")} without a stored result, which ${unsolved === 1 ? "was" : "were"} read as empty. Open it in your spreadsheet program, save it there, then choose it again.`;
        if (!peopleIn(text)) return refuse(note);
        addNote(note);
      }
      if (hidden > 0) {
        addNote(
          `${name} has ${counted(hidden, "hidden row")}, which ${hidden === 1 ? "was" : "were"} not read. To invite people in hidden rows, clear the sheet’s filter, save the file and choose it again.`,
        );
      }
      await read(name, text);
    };
    const [only, another] = sheets;
    if (!only) return refuse(`${name} has no rows in a visible sheet. Choose another file.`);
    if (!another) return use(only);
    const counts = sheets.map(({ text }) => peopleIn(text));
    const most = Math.max(...counts);
    ask(
      sheets,
      {
        label: "Sheet",
        title: "Which sheet do you mean?",
        hint: `${name} has ${number(sheets.length)} sheets. To use more than one, choose the file again for each.`,
        options: sheets.map(({ name }, index) => ({
          text: name,
          note: counts[index] ? people(counts[index]) : "no addresses",
        })),
        likely: most > 0 ? counts.indexOf(most) : undefined,
        none: "None of these",
        action: "Use this sheet",
      },
      (sheet) => void use(sheet),
      `${name} was not read. To read one of its sheets, choose the file again.`,
    );
  };
  const read = async (name: string, text: string) => {
    const why = whyNobody(text);
    if (why) return refuse(`${name} ${why}. Choose another file.`);
    files.value = files.value.slice(1);
    append(text);
    await check();
  };

  const listedBefore = useRef(listed);
  useEffect(() => {
    // What was added is in no list any more.
    if (listed === 0 && listedBefore.current > 0) setNotes([]);
    listedBefore.current = listed;
  }, [listed]);

  const onDrop = useRef(choose);
  onDrop.current = choose;
  // Anywhere on the page: beside the field, the browser would open the file instead of this page.
  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover");
      if (event.type === "drop") onDrop.current(event.dataTransfer.files);
    };
    // Between two elements of the page, there is a next one.
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    document.addEventListener("dragover", drag);
    document.addEventListener("drop", drag);
    document.addEventListener("dragleave", leave);
    return () => {
      document.removeEventListener("dragover", drag);
      document.removeEventListener("drop", drag);
      document.removeEventListener("dragleave", leave);
    };
  }, []);

  return (
    <section class={`entry ${over ? "over" : ""}`} aria-label="Addresses">
      <label for="addresses">
        <Text>{listed > 0 ? "More addresses" : "Addresses"}</Text>
      </label>
      <p class="soft" id="addresses-hint">
        Paste up to {number(MOST_ROWS)} addresses from a spreadsheet or an email, with or without names, or drop Excel
        or CSV files on this page. You see what will happen before anything is sent.
        <span class="keys"> Ctrl+Enter does the same as “Check…”.</span>
      </p>
      <textarea
        id="addresses"
        ref={area}
        rows={listed > 0 ? 2 : 8}
        aria-describedby="addresses-hint"
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        readOnly={checking.value}
        value={inviting.text.value}
        onInput={onInput}
        onPaste={onPaste}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void check();
        }}
        aria-keyshortcuts="Control+Enter"
        placeholder={listed > 0 ? "" : "ann@example.com\nBob Roe <bob@example.com>"}
      />
      <p class="actions">
        <button
          type="button"
          class={listed > 0 ? "secondary outline" : ""}
          aria-disabled={checking.value}
          aria-busy={checking.value}
          onClick={() => void check()}
        >
          Check…
        </button>
        <button type="button" class="secondary outline" onClick={() => file.current?.click()}>
          Choose a file
        </button>
        <button
          ref={takingButton}
          type="button"
          class="secondary outline"
          aria-expanded={taking}
          onClick={() => (taking ? closeTaking() : setTaking(true))}
        >
          From another deal
        </button>
        <a href="/invite-template.csv" download="invite-template.csv" target="_self">
          Download a template
        </a>
      </p>
      <input
        ref={file}
        type="file"
        accept=".xlsx,.xlsm,.xls,.csv,.tsv,.txt,text/csv,text/plain"
        multiple
        hidden
        aria-label="Excel or CSV file"
        onChange={({ currentTarget }) => {
          choose(currentTarget.files);
          // Without this, the browser ignores the same file when it is chosen again.
          currentTarget.value = "";
        }}
      />
      {taking && (
        <FromDeal
          deal={inviting.deal}
          from={query.from}
          onTaken={take}
          onClose={() => (closeTaking(), takingButton.current?.focus())}
        />
      )}
      {choice && <ChoiceForm key={choice} choice={choice} />}
      {question && (
        <ColumnsForm
          key={question}
          question={question}
          isNext={inviting.answered > 0}
          onChosen={(columns) => void check(columns)}
          onNone={none}
        />
      )}
      {later && (
        <Notice>
          <Text>{LATER}</Text>
        </Notice>
      )}
      {waiting > 0 && (
        <Notice>
          <Text>{`${counted(waiting, "file is", "files are")} waiting. First ${question || choice ? "answer the question" : "check or clear the addresses"} above.`}</Text>
        </Notice>
      )}
      {notes.map(({ text, tone }) => (
        <Notice key={text} {...(tone && { tone })}>
          <Text>{text}</Text>
        </Notice>
      ))}
      {refusal && (
        <Notice tone="bad">
          <Text>{refusal}</Text>
        </Notice>
      )}
      {problem.value && problem.value.code !== "session_over" && (
        <Failure
          problem={problem.value}
          text="The addresses were not checked, and nothing was sent."
          reload={() => {
            const { of, again } = takeAgain.current;
            void (again && of === problem.value ? again() : inviting.text.value ? check() : inviting.check());
          }}
        />
      )}
    </section>
  );
}
