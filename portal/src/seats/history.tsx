import { getInvite, type Invite } from "../api";
import { useLoad } from "../ui/load";
import { Failure } from "../ui/status";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { OPTED_OUT, timeline } from "./words";

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
      <ol class="timeline" role="list" aria-label={`History of the invite to ${email}`}>
        {timeline(value).map(({ at, event, by, words }, place) => (
          // Two events of one kind may be of the same second.
          <li key={`${at} ${event} ${place}`}>
            <strong>{words}</strong>
            {by && <Text>{` by ${by}`}</Text>} <When time={at} now={now} />
          </li>
        ))}
      </ol>
    </>
  );
}
