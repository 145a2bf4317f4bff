import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Takes the focus, because the button that was pressed may be gone. With `now` false, it leaves the focus alone. */
export function Focus({ now = true, children }: { now?: boolean; children: ComponentChildren }) {
  const here = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (now) here.current?.focus();
  }, []);
  return (
    <div ref={here} tabIndex={-1}>
      {children}
    </div>
  );
}
