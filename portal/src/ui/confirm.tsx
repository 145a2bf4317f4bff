/** Asks one question at a time in a native dialog: what will happen, to whom, and what they lose. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Text } from "./text";

interface Question {
  title: string;
  body: ComponentChildren;
  /** The label of the button that confirms. */
  action: string;
  /** The label of the button that changes nothing. */
  keep: string;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Resolves to whether the person confirmed. Escape means no, and so does going back to another page. */
export function confirm(ask: {
  title: string;
  body: ComponentChildren;
  action: string;
  keep?: string;
}): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    question.value = {
      keep: "Cancel",
      ...ask,
      answer(yes) {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

/** Shows the question. Each page has one. */
export function Confirm() {
  const asked = question.value;
  return asked && <Dialog key={asked.title} {...asked} />;
}

function Dialog({ title, body, action, keep, answer }: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    const leave = () => answer(false);
    addEventListener("popstate", leave);
    return () => {
      removeEventListener("popstate", leave);
      // Closing the dialog restores the focus.
      element.close();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="question" onCancel={(event) => (event.preventDefault(), answer(false))}>
      <article>
        <h2 id="question">
          <Text>{title}</Text>
        </h2>
        {body}
        <footer>
          <button type="button" class="secondary outline" autofocus onClick={() => answer(false)}>
            {keep}
          </button>
          <button type="button" onClick={() => answer(true)}>
            {action}
          </button>
        </footer>
      </article>
    </dialog>
  );
}
