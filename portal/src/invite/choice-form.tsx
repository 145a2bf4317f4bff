/** Asks how a file is to be read: which spelling is right, or which sheet is meant. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Choice {
  readonly label: string;
  readonly title: string;
  readonly hint: string;
  readonly options: { readonly text: string; readonly note: string }[];
  /** The index of the option that is chosen at first, if one is likely. */
  readonly likely?: number | undefined;
  /** The label of the option to choose none. */
  readonly none: string;
  readonly action: string;
  /** Receives the index of the chosen option; undefined for none. */
  readonly onChosen: (index: number | undefined) => void;
}

export function ChoiceForm({ choice }: { choice: Choice }) {
  const { label, title, hint, options, likely, none, action, onChosen } = choice;
  const [chosen, setChosen] = useState(likely);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), [choice]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (chosen !== undefined) onChosen(chosen < options.length ? chosen : undefined);
  };
  const radio = (index: number) => (
    <input type="radio" name="choice" checked={index === chosen} onChange={() => setChosen(index)} />
  );
  return (
    <form class="question" aria-label={label} onSubmit={submit}>
      <h2 ref={heading} tabIndex={-1}>
        {title}
      </h2>
      <p class="soft">{hint}</p>
      <fieldset>
        <legend class="visually-hidden">{label}</legend>
        {options.map(({ text, note }, index) => (
          <label key={index}>
            {radio(index)} {text} <span class="soft">{note}</span>
          </label>
        ))}
        <label>
          {radio(options.length)} {none}
        </label>
      </fieldset>
      <p class="actions">
        <button type="submit" aria-disabled={chosen === undefined}>
          {action}
        </button>
      </p>
    </form>
  );
}
