/** Asks in which of several encodings a file shows the names right. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Reading, samplesOf } from "./file";

/** The readings of a file, of which a person has to choose one. */
export interface Spelling {
  readonly file: string;
  readonly readings: Reading[];
}

/** `onChosen` gets the text; none if no reading is right. */
export function ReadingForm({ spelling: { file, readings }, onChosen }: { spelling: Spelling; onChosen: (text: string | undefined) => void }) {
  const [chosen, setChosen] = useState<number>();
  const samples = useMemo(() => samplesOf(readings), [readings]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [readings]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (chosen !== undefined) onChosen(readings[chosen]?.text);
  };
  const option = (index: number) => <input type="radio" name="reading" checked={index === chosen} onChange={() => setChosen(index)} />;
  return (
    <form class="question" aria-label="Letters" onSubmit={submit}>
      <h2 ref={heading} tabIndex={-1}>Which of these is spelt right?</h2>
      <p class="soft">{file} does not say how its letters are stored. Choose the line in which they are right.</p>
      <fieldset>
        <legend class="visually-hidden">Spelling</legend>
        {readings.map((reading, index) => (
          <label key={reading.name}>{option(index)} {samples[index]} <span class="soft">{reading.name}</span></label>
        ))}
        <label>{option(readings.length)} None of these</label>
      </fieldset>
      <p class="actions"><button type="submit" aria-disabled={chosen === undefined}>Use this spelling</button></p>
    </form>
  );
}
