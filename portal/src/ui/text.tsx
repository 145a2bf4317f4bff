import { unbroken } from "../time";

/**
 * A text that changes while the page is open.
 *
 * Chrome's page translation replaces text nodes, and Preact would then update the removed node, unseen. So a text that
 * changes is one string, alone in an element that is replaced with it.
 */
export const Text = ({ children }: { children: string | number }) => (
  <span key={children}>{typeof children === "string" ? breakable(children.replace(DATE, unbroken)) : children}</span>
);

/** A date in a text of the API, which has plain spaces. */
const DATE = /\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC/g;

/** The parts of an address that are longer than this may not fit into a line. */
const LONG_PART = /[^\s@]{21,}/g;

/** The text, whose addresses may break after the `@`, and long parts of them after a dot, before they break within a word. */
function breakable(text: string) {
  if (!text.includes("@")) return text;
  const inLong = text.replace(LONG_PART, (part) => part.replace(/\.(?=[^\s.])/g, ".\u200b"));
  return inLong
    .split(/(?<=\S@)(?=\S)|\u200b/)
    .flatMap((part, place) => (place === 0 ? [part] : [<wbr key={place} />, part]));
}
