import type { Filter } from "../api";
import { keepTyped } from "../invite/draft";
import { Text } from "../ui/text";

const EMPTY: Record<Filter, string> = {
  pending: "No invite is waiting for an answer.",
  accepted: "Nobody has accepted yet.",
  expired: "No invite has expired.",
  declined: "Nobody has declined.",
  asked: "Nobody is waiting for a new link or a seat.",
  undelivered: "Every email has arrived or is on its way.",
  removed: "No invite was cancelled and no seat de-allocated in the last 30 days.",
};

/** Shown instead of a list without rows. */
export function Empty({
  deal,
  status,
  search,
  large,
  active,
  more,
}: {
  deal: string;
  status: Filter | undefined;
  search: string;
  large: boolean;
  active: boolean;
  more: boolean;
}) {
  if (more)
    return (
      <p key="more" class="soft">
        No invite is left on this page. Go to the next page.
      </p>
    );
  if (search)
    return (
      <p key="search" class="actions">
        <Text>
          {large ? "No address begins with this text." : "No name and no address in this list contains this text."}
        </Text>{" "}
        {status ? (
          <a href={`/deals/${deal}`}>Search all invites</a>
        ) : (
          <>
            <a href={`/deals/${deal}?status=removed`}>Search the removed</a>{" "}
            {active && (
              <a href={`/deals/${deal}/invite`} onClick={() => keepTyped(deal, search)}>
                Invite this person
              </a>
            )}
          </>
        )}
      </p>
    );
  if (status)
    return (
      <p key={status} class="soft">
        {EMPTY[status]}
      </p>
    );
  return <p>Nobody has been invited yet. {active && <a href={`/deals/${deal}/invite`}>Invite the first people</a>}</p>;
}
