/** The frame of every page: the bar with navigation and account, the live region. */
import "./presses";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { session, signOut } from "../session";
import { Announcer } from "./status";
import { Text } from "./text";

/** `dialog`: for the pages that ask questions. The learner's page would load it for nothing. */
export function Frame({
  nav,
  dialog,
  onSignOut = signOut,
  children,
}: {
  nav?: ComponentChildren;
  dialog?: ComponentChildren;
  onSignOut?: () => Promise<void>;
  children: ComponentChildren;
}) {
  const person = session.value;
  return (
    <>
      <header class="bar">
        {nav ? (
          <a class="brand" href="/">
            <Brand />
          </a>
        ) : (
          <span class="brand">
            <Brand />
          </span>
        )}
        {nav}
        {person && (
          <span class="account">
            {person.email && (
              <span class="soft">
                <Text>{person.email}</Text>
              </span>
            )}
            <button type="button" class="secondary outline small" onClick={() => void onSignOut()}>
              Sign out
            </button>
          </span>
        )}
      </header>
      <main>{children}</main>
      {dialog}
      <Announcer />
    </>
  );
}

const Brand = () => (
  <>
    <img src="/favicon.svg" alt="" width="24" height="24" /> Seatkeeper
  </>
);

/** A page's heading and window title. The heading takes the focus when the person comes from another page. */
export function Heading({ children, title }: { children: string; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} – Seatkeeper`;
    // On the first page, the focus stays at the beginning of the document.
    if (opened) heading.current?.focus({ preventScroll: true });
    opened = true;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      <Text>{children}</Text>
    </h1>
  );
}

let opened = false;
