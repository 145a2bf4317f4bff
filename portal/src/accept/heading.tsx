import { useLayoutEffect } from "preact/hooks";
import { Heading as PageHeading } from "../ui/frame";

/** A new heading is in view: the answer that brought it may have been pressed far below. */
export function Heading(heading: { title: string; children: string }) {
  useLayoutEffect(() => scrollTo(0, 0), [heading.title]);
  return <PageHeading {...heading} />;
}
