/**
 * What may greet somebody as their name.
 *
 * Invariant: better no name than a wrong one. A name has a letter, has no `@` and no punctuation around it.
 */

/** Words of sentences and of mail headers. A text with one of these is not a name. */
export const NO_NAMES = new Set(
  ("add address addresses also and attendee attendees bcc bitte cc contact dear email emails e-mail following from hello here hi " +
    "inviter invitez invitar invite invited invites inviting kindly kopie mail mailto members name oder optional or organiser " +
    "organizer our participants please regards required sent s'il staff subject team thank thanks the these this to und " +
    "with wrote your einladen").split(" "),
);
/** Of these, some are names in other languages: `Nguyen The Anh`. */
const ALSO_NAMES = new Set(["add", "here", "the", "this", "to"]);
/** The parts of family names that are written small. */
const PARTICLES = new Set("af al av bin binti da das de del della den der di do dos du e el i ibn la le ten ter van von y zu zum".split(" "));
/** What stands after a comma and is no first name. */
const SUFFIX = /^(jr|sr|i{2,3}|iv|phd|ph d|md|m d|mba|msc|bsc|ma|ba|llm|dr|prof|esq|rn|cpa|frcs|mp|obe|mbe|inc|ltd|llc|gmbh|ag)$/i;
const CONJUNCTION = /^(?:and|or|und|oder|et|y|e|og|och|&)\s+(?=\p{Lu})/u;

export const isSuffix = (text: string) => SUFFIX.test(text.replace(/\./g, " ").trim());

const LONGEST_NAME = 200;
const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean);

/** A cell or a quoted text that is meant as a name; empty where it is none. */
export function nameOf(text: string): string {
  if (text.length > LONGEST_NAME) return "";
  const bare = trimmed(text);
  return /\p{L}/u.test(bare) && !bare.includes("@") ? turnedRound(bare) : "";
}

/** The text before an address in brackets: a name unless a sentence or a header says otherwise. */
export function nameBefore(text: string): string {
  // One word and a colon is a label.
  const name = /^\s*\S+\s*:\s*$/.test(text) ? "" : nameOf(text.trim().replace(CONJUNCTION, ""));
  const words = wordsOf(name);
  const foreign = words.some((word, index) => {
    const plain = word.replace(/[^\p{L}\p{M}'-]/gu, "");
    const small = plain.toLowerCase();
    return NO_NAMES.has(small) && (index === 0 || plain === small || !ALSO_NAMES.has(small));
  });
  return foreign || words.length > 7 || /\s[-–—/:]\s|[:;!?|]/.test(name) ? "" : name;
}

/** Words beside an address in running text: a name only if each begins as names do. */
export function nameInText(text: string): string {
  const name = nameBefore(text);
  const alike = wordsOf(name).every((word) => /^["'(]?[^\p{Ll}\p{N}]/u.test(word) || PARTICLES.has(word) || /^[dlo]['’]\p{Lu}/u.test(word));
  return alike ? name : "";
}

/** Whether running text is nothing but the words of a sentence. */
export const isFiller = (text: string) =>
  wordsOf(text).every((word) => !/[\p{L}\p{N}]/u.test(word) || NO_NAMES.has(word.toLowerCase().replace(/[^\p{L}'-]/gu, "")));

/** Without numbers of a list, bullets, dashes, and quotes and brackets around all of it. */
function trimmed(text: string): string {
  const words = text.replace(/\s+/g, " ").trim().replace(/^\(?\d+[.):]+\s*/, "");
  const inner = words.replace(/^[("'‘’‚“”„«»]+(.*?)[)"'‘’‚“”„«»]+[,;:]?$/u, (whole, inside: string) => (/["()]/.test(inside) ? whole : inside));
  const edged = inner.replace(/^[^\p{L}\p{N}("]+/u, "").replace(/[^\p{L}\p{M}\p{N})."]+$/u, "");
  // A quote or bracket without its partner goes as well, and the full stop of a sentence.
  const paired = unpaired(unpaired(edged, '"', '"'), "(", ")");
  return /(^|[\s.])(jr|sr|dr|prof|esq|phil|habil|\p{L})\.$/iu.test(paired) ? paired : paired.replace(/[.\s]+$/, "");
}

function unpaired(text: string, opening: string, closing: string): string {
  const count = (mark: string) => text.split(mark).length - 1;
  const odd = opening === closing ? count(opening) % 2 === 1 : count(opening) !== count(closing);
  return odd ? text.replaceAll(opening, "").replaceAll(closing, "").replace(/\s+/g, " ").trim() : text;
}

/** `Doe, Ann` as `Ann Doe`: with one comma, and a first name after it. Another comma may stand before a suffix. */
function turnedRound(name: string): string {
  const [family, given, suffix, another] = name.split(",").map((part) => part.trim());
  if (!family || !given || isSuffix(given) || another !== undefined || (suffix !== undefined && !isSuffix(suffix))) return name;
  const letters = (text: string) => /\p{L}/u.test(text);
  const shouted = /^[\p{Lu}.\s]{2,6}$/u.test(given) && family !== family.toUpperCase();
  const sentence = given.split(" ").some((word) => /^(of|the|and|for|in|at)$/i.test(word));
  if (!letters(family) || !letters(given) || shouted || sentence) return name;
  const [, first = given, note = ""] = /^(.*?)(\s*\(.*\))$/.exec(given) ?? [];
  return `${first} ${family}${note}${suffix === undefined ? "" : `, ${suffix}`}`;
}
