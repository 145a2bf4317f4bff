/** The field for addresses: pasted, typed, or from a file. */
import { useEffect, useRef, useState } from "preact/hooks";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure, Notice } from "../ui/status";
import { Text } from "../ui/text";
import type { Columns } from "./columns";
import { ColumnsForm } from "./columns-form";
import { LARGEST_FILE, readingsOf } from "./file";
import { type Inviting, MOST_ROWS } from "./inviting";
import { readList } from "./parse";
import { ReadingForm, type Spelling } from "./reading-form";

/** Used when the focused element has gone. Deferred: a field can't take the focus while a dialog is open. */
export const focusAddresses = () => void setTimeout(() => document.getElementById("addresses")?.focus());

export function Entry({ inviting, onChecked }: { inviting: Inviting; onChecked: () => void }) {
  const [refusal, setRefusal] = useState("");
  /** Messages about files, the newest last. */
  const [notes, setNotes] = useState<{ text: string; tone?: "bad" }[]>([]);
  const [spelling, setSpelling] = useState<Spelling>();
  const [opening, setOpening] = useState(false);
  const [over, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const { problem, checking, files } = inviting;
  const question = inviting.question.value;
  const listed = inviting.rows.value.length;

  const check = async (answer?: Columns) => {
    if (checking.value) return;
    setRefusal("");
    const list = inviting.read(answer);
    if ("question" in list) return;
    if (list.rows.length === 0) {
      setRefusal(`There is no address here ${listed > 0 ? "to add to the list" : "yet"}. Type or paste one.`);
      area.current?.focus();
      return;
    }
    announce("Checking");
    const long = await inviting.add(list);
    if (long) {
      setRefusal(
        `These are ${number(long.tooMany)} addresses, but a list can have at most ${number(MOST_ROWS)}. ` +
          "Nothing was checked. Split the list, and send the parts one after another.",
      );
      area.current?.focus();
    } else if (!problem.value) onChecked();
  };

  const onInput = (event: InputEvent & { currentTarget: HTMLTextAreaElement }) => {
    inviting.write(event.currentTarget.value);
    setRefusal("");
    setNotes([]);
    // A pasted list is checked at once. After a single address, more may follow.
    const pasted = event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop";
    if (!pasted) return;
    const list = readList(inviting.text.value);
    if ("question" in list || list.rows.length > 1) void check();
  };

  const choose = (chosen: FileList | null) => {
    setNotes([]);
    files.value = [...files.value, ...(chosen ?? [])];
    // The text in the box came before the file, so it is checked first.
    if (inviting.text.value.trim() && !question) void check();
  };
  const free = !checking.value && !opening && !spelling && inviting.text.value.trim() === "";
  const [next] = files.value;
  const waiting = checking.value || opening ? 0 : files.value.length - (spelling ? 1 : 0);
  useEffect(() => {
    if (!next || !free) return;
    setOpening(true);
    void open(next).finally(() => setOpening(false));
  }, [free, next]);

  const addNote = (text: string, tone?: "bad") => setNotes((notes) => [...notes, { text, ...(tone && { tone }) }]);
  const refuse = (text: string) => {
    files.value = files.value.slice(1);
    addNote(text, "bad");
  };
  const open = async (chosen: File) => {
    if (chosen.size > LARGEST_FILE) {
      refuse(`${chosen.name} is too large for a list of addresses. Save the sheet as CSV, then choose that file.`);
      return;
    }
    const readings = await readingsOf(chosen);
    const [only, another] = readings;
    if (!only) refuse(`${chosen.name} is not a text file. Save the sheet as CSV, then choose that file.`);
    else if (another) setSpelling({ file: chosen.name, readings });
    else {
      if (only.name !== "Unicode") {
        addNote(
          `${chosen.name} does not say which character encoding it uses, so it was read as ${only.name}. If a name looks wrong, save the sheet as “CSV UTF-8” and choose that file.`,
        );
      }
      await read(only.text);
    }
  };
  const spelt = (text: string | undefined) => {
    setSpelling(undefined);
    if (text !== undefined) void read(text);
    else refuse(`${spelling?.file} was not read. Save the sheet as “CSV UTF-8”, then choose that file.`);
  };
  const read = async (text: string) => {
    files.value = files.value.slice(1);
    inviting.write([inviting.text.value, text].filter(Boolean).join("\n"));
    await check();
  };

  const onDragOver = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const onDrop = (event: DragEvent) => {
    setOver(false);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    choose(event.dataTransfer.files);
  };

  return (
    <section
      class={`entry ${over ? "over" : ""}`}
      aria-label="Addresses"
      onDragOver={onDragOver}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <label for="addresses">
        <Text>{listed > 0 ? "More addresses" : "Addresses"}</Text>
      </label>
      <p class="soft" id="addresses-hint">
        Paste up to {number(MOST_ROWS)} addresses from a spreadsheet or an email, with or without names, or drop CSV
        files here. You see what will happen before anything is sent. Ctrl+Enter checks too.
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
          Choose a CSV file
        </button>
        <a href="/invite-template.csv" download="invite-template.csv" target="_self">
          Download a template
        </a>
      </p>
      <input
        ref={file}
        type="file"
        accept=".csv,.tsv,.txt,text/csv,text/plain"
        multiple
        hidden
        aria-label="CSV file"
        onChange={({ currentTarget }) => {
          choose(currentTarget.files);
          // Without this, the browser ignores the same file when it is chosen again.
          currentTarget.value = "";
        }}
      />
      {spelling && <ReadingForm {...{ spelling }} onChosen={spelt} />}
      {question && <ColumnsForm key={question} question={question} onChosen={(columns) => void check(columns)} />}
      {waiting > 0 && (
        <Notice>
          <Text>{`${counted(waiting, "file is", "files are")} waiting. First check or clear the addresses above.`}</Text>
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
        <Failure problem={problem.value} retry={() => void (inviting.text.value ? check() : inviting.check())} />
      )}
    </section>
  );
}
