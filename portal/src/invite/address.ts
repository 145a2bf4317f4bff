import { fromLine, isAddress } from "./recipients";
import { tidied } from "./tidy";

/** The address in a text with exactly one. */
export function addressOf(text: string): string | undefined {
  const [only, another] = fromLine(tidied(text)).filter(({ email }) => isAddress(email));
  return another ? undefined : only?.email;
}
