/** One question at a time, in a native dialog: what will happen, to whom, and what they lose. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Question {
  title: string;
  body: ComponentChildren;
  /** The button that does it, in the words of what it does. */
  action: string;
  /** The button that does not. */
  keep: string;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Asks, and answers whether the person wants it. Escape is a no. */
export function confirm(ask: { title: string; body: ComponentChildren; action: string; keep?: string }): Promise<boolean> {
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

/** Where the question is asked; once in a page. */
export function Confirm() {
  const asked = question.value;
  return asked && <Dialog key={asked.title} {...asked} />;
}

function Dialog({ title, body, action, keep, answer }: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    // Closing it gives the focus back to where it was.
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="question" onCancel={(event) => (event.preventDefault(), answer(false))}>
      <article>
        <h2 id="question">{title}</h2>
        {body}
        <footer>
          <button type="button" class="secondary outline" onClick={() => answer(false)}>{keep}</button>
          <button type="button" onClick={() => answer(true)}>{action}</button>
        </footer>
      </article>
    </dialog>
  );
}
