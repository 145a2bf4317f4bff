import { useEffect, useState } from "preact/hooks";
import { getInvite, type Invite, type InviteDetail } from "../api";
import { isSending } from "./words";

/** Milliseconds between two checks, which become rarer. */
const INTERVALS = [1500, 3000, 5000, 10_000, 20_000, 30_000];
const ROWS_PER_CHECK = 10;

/** While the page is visible, checks rows with a queued mail until it is sent. */
export function useSendingRows(deal: string, rows: Invite[], saw: (before: Invite, detail: InviteDetail) => void) {
  const [checks, setChecks] = useState(0);
  const sending = rows.filter(isSending);
  const which = sending.map(({ id, sends }) => id + sends).join();
  useEffect(() => setChecks(0), [which]);
  useEffect(() => {
    if (sending.length === 0) return;
    const timer = setTimeout(
      async () => {
        setChecks(checks + 1);
        if (document.hidden) return;
        await Promise.all(
          sending.slice(0, ROWS_PER_CHECK).map(async (row) => {
            const seen = await getInvite(deal, row.id).catch(() => undefined);
            if (seen && seen.sends >= row.sends && !isSending(seen)) saw(row, seen);
          }),
        );
      },
      INTERVALS[Math.min(checks, INTERVALS.length - 1)],
    );
    return () => clearTimeout(timer);
  }, [which, checks]);
}
