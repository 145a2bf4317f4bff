import { getInvite, type Invite } from "../api";
import { useLoad } from "../ui/load";
import { Failure } from "../ui/status";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { EVENTS, OPTED_OUT } from "./words";

/** What happened to one invite, newest first. */
export function History({ deal, invite, now }: { deal: string; invite: Invite; now: number }) {
  const { id, email, sends, status, askedAt, delivery } = invite;
  const state = `${id} ${sends} ${status} ${askedAt} ${delivery.state}`;
  const { value, problem, reload } = useLoad(state, () => getInvite(deal, id));
  if (problem) return <Failure problem={problem} retry={() => void reload()} />;
  if (!value)
    return (
      <p class="soft" role="status">
        Loading the history…
      </p>
    );
  return (
    <>
      {value.optedOut && <p>{OPTED_OUT}</p>}
      <ol class="timeline" aria-label={`History of the invite to ${email}`}>
        {value.history.map(({ at, event, by }) => (
          <li key={`${at} ${event}`}>
            <strong>{EVENTS[event]}</strong>
            {by && <Text>{` by ${by}`}</Text>} <When time={at} now={now} />
          </li>
        ))}
      </ol>
    </>
  );
}
