import type { ComponentChildren } from "preact";

/** Any list may scroll, in a narrow window. Without a pointer, its end is reached by keys. */
const focusable = { role: "region", "aria-label": "People", tabIndex: 0 } as const;

/** A list of people in a question. */
export const People = ({ children }: { children: ComponentChildren }) => (
  <div class="people" {...focusable}>
    <ul>{children}</ul>
  </div>
);
