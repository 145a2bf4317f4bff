/** Says on other pages than the invite page that the sending of a deal's list has stopped. */
import type { Deal } from "../api";
import { counted } from "../ui/seat-numbers";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { unsentOf } from "./draft";

export function Unsent({ deal: { id, name } }: { deal: Deal }) {
  const left = unsentOf(id);
  if (left === 0) return null;
  return (
    <Notice tone="warn">
      <Text>{`Sending invites to ${name} has stopped: ${counted(left, "invite is", "invites are")} left.`}</Text>{" "}
      <a class="alone" href={`/deals/${id}/invite`}>
        Continue or finish
      </a>
    </Notice>
  );
}
