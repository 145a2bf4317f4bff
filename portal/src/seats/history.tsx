import { getInvite, type Invite } from "../api";
import { useLoad } from "../ui/load";
import { Failure } from "../ui/status";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { EVENTS } from "./words";

/** What happened to one invite, newest first. */
export function History({ deal, invite, now }: { deal: string; invite: Invite; now: number }) {
  const { id, email, sends, status, delivery } = invite;
  const { value, problem, reload } = useLoad(`${id} ${sends} ${status} ${delivery.state}`, () => getInvite(deal, id));
  if (problem) return <Failure problem={problem} retry={() => void reload()} />;
  if (!value)
    return (
      <p class="soft" role="status">
        Loading the history…
      </p>
    );
  return (
    <ol class="timeline" aria-label={`History of the invite to ${email}`}>
      {value.history.map(({ at, event, by }) => (
        <li key={`${at} ${event}`}>
          <strong>{EVENTS[event]}</strong>
          {by && <Text>{` by ${by}`}</Text>} <When time={at} now={now} />
        </li>
      ))}
    </ol>
  );
}
