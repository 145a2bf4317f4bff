/**
 * Whether an address certainly differs from the invited one, of which the page knows only `a•••@example.com`. An address
 * that fits the mask may still be another one.
 */
export function isOther(masked: string, email: string): boolean {
  const parts = (text: string) => [text.slice(0, 1), text.slice(text.lastIndexOf("@"))].join("").toLowerCase();
  return parts(masked) !== parts(email.trim());
}
