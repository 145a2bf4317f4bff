/**
 * Whether an account's address is for sure another one than the invited, of which only `a•••@example.com` is known.
 * What looks alike may still be another: only the API knows.
 */
export function isOther(masked: string, email: string): boolean {
  const parts = (text: string) => [text.slice(0, 1), text.slice(text.lastIndexOf("@"))].join("").toLowerCase();
  return parts(masked) !== parts(email.trim());
}
