/**
 * Recognises names to greet people by.
 *
 * Invariant: no name is better than a wrong one. A name has a letter, no `@`, and no punctuation around it.
 */

/** Words of sentences, greetings, mail headers and lists. A text with one of them is not a name. */
export const NO_NAMES = new Set(
  (
    "above active add address addresses also and ask attendee attendees bcc bitte bonjour cc ciao contact dear email emails e-mail escribió external " +
    "following from geehrte geehrter good group groups guten hallo hello here hi home hola inactive inviter invitez invitar invite invited invites inviting " +
    "groeten gruß grüße grüßen grüsse kindly kontakt kopie leave liebe lieber mail mailto members merci moin morning name none null optional organiser organizer our participants pending " +
    "please private regards replaces required salut see sent s'il staff starts subject suspended tba tbc tbd team thank thanks the these this to und unknown " +
    "via welcome with work wrote your einladen unbekannt"
  ).split(" "),
);
/** Some of them are names too: `Nguyen The Anh`, `Grace Home`. */
const ALSO_NAMES = new Set("add good here home liebe lieber see the this to via work".split(" "));
/** Lower-case parts of family names. */
const PARTICLES = new Set(
  "af al av bin binti da das de del della den der di do dos du e el i ibn la le ten ter van von y zu zum".split(" "),
);
/** Suffixes after a comma, which are not first names. */
const SUFFIX =
  /^(jr|sr|i{2,3}|iv|phd|ph d|md|m d|mba|msc|bsc|ma|ba|llm|dr|prof|esq|rn|cpa|frcs|mp|obe|mbe|inc|ltd|llc|gmbh|ag)$/i;
/** What people and programs write into an empty cell. */
const PLACEHOLDER =
  /^(?:n\/a|k\.\s?A\.?|#\S+[!?]|#N\/A|nil|null|none|keine?|nobody|tb[acd]|to be (?:announced|confirmed|decided|done)|unknown|unbekannt|inconnu|not (?:known|available|applicable)|true|false|undefined|[^\p{L}\p{N}@]+)$/iu;
/** A title alone is not a name. */
export const HONORIFICS = new Set(
  "mr mrs ms miss mx dr prof herr frau hr fr mme mlle m monsieur madame sig signor signora sr sra señor señora sir".split(
    " ",
  ),
);
/** The legal form at the end of a company's name. Short ones may be family names, unless in capitals. */
const COMPANY =
  /\s(?:(?:gmbh|ltd|limited|llc|inc|incorporated|plc|corp|corporation|sarl|srl|ggmbh|kgaa|e\.? ?v)\.?|AG|KG|SE|SA|NV|BV|AB|OY|AS|S\.[AL]\.|[BN]\.V\.|S\.p\.A\.|(?<=& )Co\.?(?: KG)?)$/iu;
const isCompany = (text: string) =>
  COMPANY.test(text) && (!/\s\p{L}{2}$/u.test(text) || (/\s\p{Lu}{2}$/u.test(text) && /\p{Ll}/u.test(text)));
const CONJUNCTION = /^(?:and|or|und|oder|et|y|e|og|och|&)\s+(?=\p{Lu})/u;

export const isSuffix = (text: string) => SUFFIX.test(text.replace(/\./g, " ").trim());
/** After a full name, short capitals are a degree: `Hal Ivy, CPA, CFA`. */
export const isDegree = (text: string) => isSuffix(text) || /^[\p{Lu}.]{2,6}$/u.test(text);

/** In characters: the rest of a longer one is not stored, and would take long to read. */
const LONGEST_NAME = 200;
/** What the API stores of a name. */
export const LONGEST_STORED = 100;
const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean);

export const isPlaceholder = (cell: string) =>
  cell === "" || PLACEHOLDER.test(cell.trim()) || ["NA", "kA", "k A"].includes(cell.trim());

/** The name in a cell or in quotes; empty if it is not a name. `isFamily`: whether the cell is in a column of family names. */
export function nameOf(text: string, isFamily = false): string {
  if (isPlaceholder(text)) return "";
  const bare = trimmed(withoutRoles(text.slice(0, LONGEST_NAME)));
  const name = turnedRound(bare);
  const words = wordsOf(name).map((word) => word.replace(/[^\p{L}\p{M}'-]/gu, ""));
  const foreign = words.some((word, index) => {
    const small = word.toLowerCase();
    return NO_NAMES.has(small) && !(ALSO_NAMES.has(small) && (isFamily || (index > 0 && word !== small)));
  });
  const numbered = /^\p{L}+ \p{N}+$/u.test(bare);
  const titled = words.every((word) => HONORIFICS.has(word.toLowerCase()));
  return /\p{L}/u.test(bare) &&
    !/[@<>]|\S:\s/u.test(bare) &&
    !isIdentifier(bare) &&
    !isCompany(bare) &&
    (!foreign || numbered) &&
    !titled
    ? name
    : "";
}

/** Whether a text in a column of names is one that elsewhere would be a label and a word: `To Minh`, `Cc Peniston`. */
export function isRareName(text: string): boolean {
  const words = wordsOf(text.trim());
  const rare = words.filter((word) => RARE_NAMES.has(word.toLowerCase()));
  const others = words.filter((word) => !NO_NAMES.has(word.toLowerCase()));
  return rare.length === 1 && others.length === 1 && words.length === 2 && words.every((word) => TITLE_CASE.test(word));
}
const RARE_NAMES = new Set("bcc cc from private to".split(" "));
const TITLE_CASE = /^\p{Lu}\p{Ll}+$/u;

/** What the API stores of a name: `Name::clean` in `shared/src/domain/name.rs`. The list shows it before anything is sent. */
export function stored(name: string): string {
  const words = wordsOf(name).filter((word) => !/:\/\/|^www\.|^mailto:/i.test(word));
  return [...words.join(" ")].slice(0, LONGEST_STORED).join("").trimEnd();
}

/** Whether a text is an identifier, `E1001`, or begins with a number. `John Smith 2` and `Staff 1` are names. */
const isIdentifier = (text: string) =>
  /^\p{N}/u.test(text) || (/\p{N}/u.test(text) && !/\p{Ll}|(?:^|\s)\p{L}{2,}(?:\s|$)/u.test(text));

/** Removes brackets and text after a bar: `Bob Roe [External]`, `Jon Kay | Acme`. */
function withoutRoles(text: string): string {
  const bare = text
    .replace(/\s\|\s.*$/, "")
    .replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, " ")
    .trim();
  return /\p{L}/u.test(bare) ? bare : text;
}

/** The name before an address in brackets; empty if the text is a sentence or a header. */
export function nameBefore(text: string): string {
  // One word and a colon are a label.
  const name = /^\s*\S+\s*:\s*$/.test(text) ? "" : nameOf(text.trim().replace(CONJUNCTION, ""));
  const words = wordsOf(name);
  const capitals = words.filter(
    (word, index) => isNameWord(word, index) || (index > 0 && /^\p{N}+$/u.test(word)),
  ).length;
  // `ann doe` is a name typed without capitals; `Sie finden Ann` is a sentence.
  return (capitals > 0 && capitals < words.length) ||
    (words.length > 7 && capitals === 0) ||
    /\s[-–—/:]\s|[:;!?|]/.test(name)
    ? ""
    : name;
}

/** In running text or in a column without a title, words are a name only if each is capitalised. */
export const capitalised = (name: string) => (wordsOf(name).every(isNameWord) ? name : "");
export const nameInText = (text: string) => capitalised(nameBefore(text));
export const isFullName = (cell: string) => cell.includes(" ") && nameInText(cell) !== "";

const isCapitalised = (word: string) =>
  /^["'(]?[^\p{Ll}\p{N}]/u.test(word) || PARTICLES.has(word) || /^[dlo]['’]\p{Lu}/u.test(word) || DOCTORAL.test(word);
/** Parts of titles, after `Dr.`. */
const DOCTORAL = /^(?:med|habil|rer|nat|phil|iur|jur|pol|oec|theol|vet|dent|ing|techn|h\.c)\.$/;

/** A short number may follow a name: `John Smith 2`. */
const isNameWord = (word: string, index: number) => isCapitalised(word) || (index > 0 && /^\p{N}{1,2}$/u.test(word));

/** Whether a text has only words of sentences. */
export const isFiller = (text: string) =>
  wordsOf(text).every(
    (word) => !/[\p{L}\p{N}]/u.test(word) || NO_NAMES.has(word.toLowerCase().replace(/[^\p{L}'-]/gu, "")),
  );

/** Removes list numbers, bullets and dashes, and quotes and brackets around the whole text. */
function trimmed(text: string): string {
  const words = text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^\(?\d+[.):]+\s*/, "");
  const inner = words.replace(/^[("'‘’‚“”„«»]+(.*?)[)"'‘’‚“”„«»]+[,;:]?$/u, (whole, inside: string) =>
    /["()]/.test(inside) ? whole : inside,
  );
  const edged = inner.replace(/^[^\p{L}\p{N}("]+/u, "").replace(/[^\p{L}\p{M}\p{N})."]+$/u, "");
  // Also removes unpaired quotes and brackets, and the full stop of a sentence.
  const paired = unpaired(unpaired(edged, '"', '"'), "(", ")");
  return /(^|[\s.])(jr|sr|dr|prof|esq|phil|habil|\p{L})\.$/iu.test(paired) ? paired : paired.replace(/[.\s]+$/, "");
}

function unpaired(text: string, opening: string, closing: string): string {
  const count = (mark: string) => text.split(mark).length - 1;
  const odd = opening === closing ? count(opening) % 2 === 1 : count(opening) !== count(closing);
  return odd ? text.replaceAll(opening, "").replaceAll(closing, "").replace(/\s+/g, " ").trim() : text;
}

/** In Chinese, Japanese and Korean, the family name comes first. */
const FAMILY_FIRST = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々\s]+$/u;
export function fullName(given: string, family: string): string {
  if (FAMILY_FIRST.test(given + family)) return [family, given].filter(Boolean).join(" ");
  const words = wordsOf(family);
  const first = words.findIndex((word, index) => index === words.length - 1 || !isTitle(word));
  return [...words.slice(0, first), given, ...words.slice(Math.max(first, 0))].filter(Boolean).join(" ");
}

/** Whether a word before a family name is a title: `Dr`, `med.`, `Dipl.-Ing.`; not `St.`, nor an initial. */
const isTitle = (word: string) =>
  (HONORIFICS.has(word.replace(/\./g, "").toLowerCase()) && word.length > 1) ||
  (/^\p{L}{3}.*\.$/u.test(word) && word !== "Ste.");

/** Whether a text may be a name in lower case: `ann doe`. */
export const isLowerName = (name: string) => /^\p{Ll}+(?: [\p{Ll}'’-]+){1,3}$/u.test(name);

/** Turns `Doe, Ann` into `Ann Doe`. A second comma is allowed before a suffix. */
function turnedRound(name: string): string {
  const [family, given, suffix, another] = name.split(",").map((part) => part.trim());
  if (!family || !given || isSuffix(given) || another !== undefined || (suffix !== undefined && !isSuffix(suffix)))
    return name;
  const letters = (text: string) => /\p{L}/u.test(text);
  const shouted = /^[\p{Lu}.\s]{2,6}$/u.test(given) && family !== family.toUpperCase();
  const sentence = /(?:^|\s)(?:of|the|and|for|in|at)\s|\s(?:of|the|and|for|in|at)$/i.test(given);
  if (!letters(family) || !letters(given) || shouted || sentence) return name;
  const [, first = given, note = ""] = /^(.*?)(\s*\(.*\))$/.exec(given) ?? [];
  return `${fullName(first, family)}${note}${suffix === undefined ? "" : `, ${suffix}`}`;
}
