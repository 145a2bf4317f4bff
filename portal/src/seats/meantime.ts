/** What happened to an invite since the page was loaded, where an action met it. */
import type { Invite, InviteDetail } from "../api";
import { capital, isCorrected } from "./words";

type Event = InviteDetail["history"][number]["event"];
/** What an action does. */
export type Done = "resent" | "corrected" | "cancelled" | "de-allocated";

/** `did`: what was refused. `now`: undefined if the invite no longer exists. `to`: the corrected address, if it is known. */
export function meantime(
  did: Done | undefined,
  { email, sends }: Invite,
  now: InviteDetail | undefined,
  to?: string,
): string {
  const not = (since?: Done) => (did ? `Not ${did}${since === did ? " again" : ""}:` : "");
  return capital(sinceLoaded(not, { email, sends }, now, to).trim());
}

function sinceLoaded(
  not: (since?: Done) => string,
  { email, sends }: Pick<Invite, "email" | "sends">,
  now: InviteDetail | undefined,
  to: string | undefined,
): string {
  const by = (...events: Event[]) => {
    const manager = now?.history.find(({ event }) => events.includes(event))?.by;
    return manager ? ` by ${manager}` : "";
  };
  if (!now) return `${not()} the invite to ${email} no longer exists.`;
  if (isCorrected(now))
    return `${not("corrected")} the address ${email} was corrected${to ? ` to ${to}` : ""}${by("corrected")} in the meantime. The new address got an invite of its own.`;
  if (now.status === "cancelled")
    return `${not("cancelled")} the invite to ${email} was cancelled${by("cancelled")} in the meantime.`;
  if (now.status === "released")
    return `${not("de-allocated")} the seat of ${email} was de-allocated${by("released")} in the meantime.`;
  if (now.status === "accepted") return `${not()} ${email} accepted in the meantime and holds a seat.`;
  if (now.sends > sends)
    return `${not("resent")} the invite to ${email} was resent${by("invited", "resent")} in the meantime.`;
  return `${not()} the invite to ${email} changed in the meantime. Its row shows the current state.`;
}

/** When the person said no to the send with this number, if a resend followed it. */
export function noBefore({ sends, history }: InviteDetail, seen: number): string | undefined {
  const resent = history.findIndex(({ event }) => event === "invited" || event === "resent");
  if (sends !== seen + 1 || resent < 0) return undefined;
  const before = history.slice(resent + 1);
  const newest = before.find(({ event }) => ["invited", "resent", "asked", "declined"].includes(event));
  return newest?.event === "declined" ? newest.at : undefined;
}
