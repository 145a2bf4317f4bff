/** Says on other pages than the invite page that a deal's list is not sent. */
import type { Deal } from "../api";
import { counted } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { keptBy, leftOver, unsentOf } from "./draft";

export function Unsent({ deal: { id, name, state } }: { deal: Deal }) {
  const rows = unsentOf(id);
  const closed = state !== "active";
  const kept = closed && rows.length === 0 ? keptBy(id) : 0;
  if (rows.length === 0 && kept === 0) return null;
  return (
    <Notice tone="warn">
      <Text>
        {rows.length > 0
          ? `Sending invites to ${name} has stopped. ${leftOver(rows, "is left", "are left")}`
          : `Your list for ${name} was not sent: it has ${counted(kept, "row")}.`}
      </Text>{" "}
      <a class="alone" href={`/deals/${id}/invite`}>
        {closed ? "See the list" : "Continue or finish"}
      </a>
    </Notice>
  );
}
