import type { ComponentChildren } from "preact";
import { toChildArray } from "preact";

/** From this many on, a list in a question may scroll. */
const MAY_SCROLL = 5;

/** A list of people in a question. If it may scroll, it takes the focus: without a pointer, its end is reached by keys. */
export function People({ children }: { children: ComponentChildren }) {
  const focusable = { role: "region", "aria-label": "People", tabIndex: 0 } as const;
  return (
    <div class="people" {...(toChildArray(children).length >= MAY_SCROLL && focusable)}>
      <ul>{children}</ul>
    </div>
  );
}
