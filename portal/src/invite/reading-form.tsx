/** Asks in which of several encodings a file shows the names right. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Reading, sampleOf } from "./file";

export function ReadingForm({ readings, onChosen }: { readings: Reading[]; onChosen: (text: string) => void }) {
  const [chosen, setChosen] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [readings]);
  return (
    <form class="question" aria-label="Letters" onSubmit={(event) => (event.preventDefault(), onChosen(readings[chosen]?.text ?? ""))}>
      <h2 ref={heading} tabIndex={-1}>Which of these is spelt right?</h2>
      <p class="soft">The file does not say how its letters are stored. Choose the line in which they are right.</p>
      <fieldset>
        <legend class="visually-hidden">Spelling</legend>
        {readings.map((reading, index) => (
          <label key={reading.name}>
            <input type="radio" name="reading" checked={index === chosen} onChange={() => setChosen(index)} />
            {sampleOf(reading)} <span class="soft">{reading.name}</span>
          </label>
        ))}
      </fieldset>
      <p class="actions"><button type="submit">Use this spelling</button></p>
    </form>
  );
}
