import { getInvite, type Invite, type InviteDetail } from "../api";
import { useLoad } from "../ui/load";
import { Failure } from "../ui/status";
import { Text } from "../ui/text";
import { When } from "../ui/when";
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
  /** Undefined if there is none, or if it cannot be read. Removed invites are kept for 30 days. */
  const addressOf = async (other: string | null) =>
    other === null
      ? undefined
      : getInvite(deal, other).then(
          ({ email }) => email,
          () => undefined,
        );
  const { value, problem, reload } = useLoad(state, async () => {
    const detail = await getInvite(deal, id);
    onLoad(detail);
    const [to, from] = await Promise.all([detail.correctedTo, detail.correctedFrom].map(addressOf));
    return { detail, to, from };
  });
  if (problem) return <Failure problem={problem} reload={() => void reload()} />;
  if (!value)
    return (
      <p class="soft" role="status">
        Loading the history…
      </p>
    );
  const { events, reasonsLost, now: since } = timeline(value.detail, value.to, value.from);
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
