/** Where addresses come in: pasted, typed, or from a file. */
import { useRef, useState } from "preact/hooks";
import { number } from "../ui/seat-numbers";
import { announce, Failure, Notice } from "../ui/status";
import { Text } from "../ui/text";
import type { Columns } from "./columns";
import { ColumnsForm } from "./columns-form";
import { LARGEST_FILE, type Reading, readingsOf } from "./file";
import { type Inviting, MOST_ROWS } from "./inviting";
import { readList } from "./parse";
import { ReadingForm } from "./reading-form";

/** For when what had the focus is gone; later, as a field is not to be had while a dialog is still open. */
export const focusAddresses = () => void setTimeout(() => document.getElementById("addresses")?.focus());

export function Entry({ inviting, onChecked }: { inviting: Inviting; onChecked: () => void }) {
  const [refusal, setRefusal] = useState("");
  const [note, setNote] = useState("");
  const [readings, setReadings] = useState<Reading[]>([]);
  const [over, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const { problem, checking } = inviting;
  const question = inviting.question.value;
  const listed = inviting.rows.value.length;

  const check = async (answer?: Columns) => {
    if (checking.value) return;
    setRefusal("");
    const list = inviting.read(answer);
    if ("question" in list) return;
    if (list.rows.length === 0) {
      setRefusal(listed > 0 ? "There is no address here to add to the list." : "There is no address here yet.");
      area.current?.focus();
      return;
    }
    announce("Checking");
    const long = await inviting.add(list);
    if (long) {
      setRefusal(
        `These are ${number(long.tooMany)} addresses, and a list has ${number(MOST_ROWS)} at most. Take ` +
          `${number(long.tooMany - MOST_ROWS)} out and send those afterwards. Nothing was checked yet.`,
      );
      area.current?.focus();
    } else if (!problem.value) onChecked();
  };

  const onInput = (event: InputEvent & { currentTarget: HTMLTextAreaElement }) => {
    inviting.write(event.currentTarget.value);
    setRefusal("");
    setNote("");
    // A pasted list is complete; a single address may be one of several that are still to come.
    const pasted = event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop";
    if (!pasted) return;
    const list = readList(inviting.text.value);
    if ("question" in list || list.rows.length > 1) void check();
  };

  const take = async (chosen: File | undefined) => {
    if (!chosen || checking.value) return;
    setReadings([]);
    if (chosen.size > LARGEST_FILE) {
      setRefusal(`${chosen.name} is too large for a list of addresses. Save the sheet as CSV, then choose that file.`);
      return;
    }
    const found = await readingsOf(chosen);
    const [only, another] = found;
    setNote("");
    if (!only) {
      setRefusal(`${chosen.name} is not a text file. Save the sheet as CSV, then choose that file.`);
    } else if (another) setReadings(found);
    else {
      if (only.name !== "Unicode") {
        setNote(`${chosen.name} does not say how its letters are stored. It is read as ${only.name}. If a name looks wrong, save the sheet as “CSV UTF-8” and choose that file.`);
      }
      await read(only.text);
    }
  };
  const read = async (text: string) => {
    setReadings([]);
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
    void take(event.dataTransfer.files[0]);
  };

  return (
    <section class={`entry ${over ? "over" : ""}`} aria-label="Addresses" onDragOver={onDragOver} onDragLeave={() => setOver(false)} onDrop={onDrop}>
      <label for="addresses"><Text>{listed > 0 ? "More addresses" : "Addresses"}</Text></label>
      <p class="soft" id="addresses-hint">
        Paste them from a spreadsheet or a mail, with names or without, up to {number(MOST_ROWS)}; or drop a CSV file here.
        Nothing is sent before you have seen what would be.
      </p>
      <textarea
        id="addresses" ref={area} rows={listed > 0 ? 2 : 8} aria-describedby="addresses-hint" spellcheck={false} autocapitalize="off"
        autocomplete="off" readOnly={checking.value} value={inviting.text.value} onInput={onInput}
        placeholder={listed > 0 ? "" : "ann@example.com\nBob Roe <bob@example.com>"}
      />
      <p class="actions">
        <button type="button" class={listed > 0 ? "secondary outline" : ""} aria-disabled={checking.value} onClick={() => void check()}>
          <Text>{checking.value ? "Checking…" : "Check…"}</Text>
        </button>
        <button type="button" class="secondary outline" aria-disabled={checking.value} onClick={() => file.current?.click()}>
          Choose a CSV file
        </button>
        <a href="/invite-template.csv" download="invite-template.csv" target="_self">Download a template</a>
      </p>
      <input
        ref={file} type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" hidden aria-label="CSV file"
        onChange={({ currentTarget }) => {
          void take(currentTarget.files?.[0]);
          // The same file, corrected, can be chosen again.
          currentTarget.value = "";
        }}
      />
      {readings.length > 0 && <ReadingForm readings={readings} onChosen={(text) => void read(text)} />}
      {question && <ColumnsForm key={question} question={question} onChosen={(columns) => void check(columns)} />}
      {note && <Notice><Text>{note}</Text></Notice>}
      {refusal && <Notice tone="bad"><Text>{refusal}</Text></Notice>}
      {problem.value && problem.value.code !== "session_over" && (
        <Failure problem={problem.value} retry={() => void (inviting.text.value ? check() : inviting.check())} />
      )}
    </section>
  );
}
