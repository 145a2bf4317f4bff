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

/** The letters that are written from right to left. */
const RIGHT = "\\u0590-\\u065f\\u066e-\\u06ef\\u06fa-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc";
/** From the first letter of a word that is written from right to left to the last of its neighbours. */
const FROM_RIGHT = new RegExp(`[${RIGHT}](?:[^\\p{Script=Latin}@]*[${RIGHT}])?`, "gu");

/**
 * The text, whose names in Arabic or Hebrew do not change the order of what stands beside them: without it, a number or date
 * after such a name is shown before it. Not for addresses, which people copy.
 */
export const isolated = (text: string) => text.replace(FROM_RIGHT, "\u2068$&\u2069");

/** The parts of an address that are longer than this may not fit into a line. */
const LONG_PART = /[^\s@]{21,}/g;

/** The text, whose addresses may break after the `@`, and long parts of them after a dot, before they break within a word. */
function breakable(text: string) {
  if (!text.includes("@")) return isolated(text);
  const inLong = text.replace(LONG_PART, (part) => part.replace(/\.(?=[^\s.])/g, ".\u200b"));
  return inLong
    .split(/(?<=\S@)(?=\S)|\u200b/)
    .flatMap((part, place) => (place === 0 ? [part] : [<wbr key={place} />, part]));
}
