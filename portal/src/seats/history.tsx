import { getInvite, type Invite, type InviteDetail } from "../api";
import { useLoad } from "../ui/load";
import { Failure } from "../ui/status";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { Corrections } from "./details";
import { known } from "./own";
import { timeline } from "./words";

/** What happened to one invite, newest first. */
export function History({
  deal,
  invite,
  now,
  onLoad,
}: {
  deal: string;
  invite: Invite;
  now: number;
  onLoad: (detail: InviteDetail) => void;
}) {
  const { id, email, sends, status, askedAt, optedOutAt, delivery } = invite;
  const state = `${id} ${sends} ${status} ${askedAt} ${optedOutAt} ${delivery.state}`;
  const { value, problem, reload } = useLoad(state, async () => {
    const detail = await getInvite(deal, id);
    onLoad(detail);
    return { detail, from: await new Corrections(deal).from(detail).catch(() => undefined) };
  });
  if (problem) return <Failure problem={problem} reload={() => void reload()} />;
  if (!value)
    return (
      <p class="soft" role="status">
        Loading the history…
      </p>
    );
  const { events, reasonsLost, now: since } = timeline(value.detail, known(value.detail).correctedTo, value.from);
  return (
    <>
      {since && <p class="soft">{since}</p>}
      <ol class="timeline" role="list" aria-label={`History of the invite to ${email}`}>
        {events.map(({ at, event, by, words }, place) => (
          // Two events of one kind may be of the same second.
          <li key={`${at} ${event} ${place}`}>
            <span>
              <strong>
                <Text>{words}</Text>
              </strong>
              {by && <Text>{` by ${by}`}</Text>}
            </span>{" "}
            <When time={at} now={now} />
          </li>
        ))}
      </ol>
      {reasonsLost && <p class="soft">Seatkeeper keeps the reason of the newest email only.</p>}
    </>
  );
}
