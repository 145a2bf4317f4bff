import { useEffect, useState } from "preact/hooks";
import { getInvite, type Invite } from "../api";
import { isSending } from "./words";

/** How often rows whose mail is on its way are looked at again, in milliseconds: less and less. */
const LOOKS = [1500, 3000, 5000, 10_000, 20_000, 30_000];
/** How many of them at once. */
const LOOK_AT = 10;

/** Watches what is being sent until it was, while the page is in sight. */
export function useSendingRows(deal: string, rows: Invite[], settle: (before: Invite, after: Invite) => void) {
  const [look, setLook] = useState(0);
  const sending = rows.filter(isSending);
  const which = sending.map(({ id, sends }) => id + sends).join();
  useEffect(() => setLook(0), [which]);
  useEffect(() => {
    if (sending.length === 0) return;
    const timer = setTimeout(async () => {
      setLook(look + 1);
      if (document.hidden) return;
      await Promise.all(sending.slice(0, LOOK_AT).map(async (row) => {
        const seen = await getInvite(deal, row.id).catch(() => undefined);
        if (seen && seen.sends >= row.sends && !isSending(seen)) settle(row, seen);
      }));
    }, LOOKS[Math.min(look, LOOKS.length - 1)]);
    return () => clearTimeout(timer);
  }, [which, look]);
}
