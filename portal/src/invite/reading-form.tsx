/** Asks which of several encodings shows a file's names correctly. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Reading, samplesOf } from "./file";

export interface Spelling {
  readonly file: string;
  readonly readings: Reading[];
}

/** `onChosen` receives the text, or undefined if no reading is right. */
export function ReadingForm({
  spelling: { file, readings },
  onChosen,
}: {
  spelling: Spelling;
  onChosen: (text: string | undefined) => void;
}) {
  const [chosen, setChosen] = useState<number>();
  const samples = useMemo(() => samplesOf(readings), [readings]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [readings]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (chosen !== undefined) onChosen(readings[chosen]?.text);
  };
  const option = (index: number) => (
    <input type="radio" name="reading" checked={index === chosen} onChange={() => setChosen(index)} />
  );
  return (
    <form class="question" aria-label="Letters" onSubmit={submit}>
      <h2 ref={heading} tabIndex={-1}>
        Which of these is spelt right?
      </h2>
      <p class="soft">
        {file} does not say which character encoding it uses. Choose the line in which the words are spelt right.
      </p>
      <fieldset>
        <legend class="visually-hidden">Spelling</legend>
        {readings.map((reading, index) => (
          <label key={reading.name}>
            {option(index)} {samples[index]} <span class="soft">{reading.name}</span>
          </label>
        ))}
        <label>{option(readings.length)} None of these</label>
      </fieldset>
      <p class="actions">
        <button type="submit" aria-disabled={chosen === undefined}>
          Use this spelling
        </button>
      </p>
    </form>
  );
}
