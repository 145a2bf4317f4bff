import type { Filter } from "../api";
import { keepTyped } from "../invite/draft";
import { Text } from "../ui/text";

const EMPTY: Record<Filter, string> = {
  pending: "No invite is waiting for an answer.",
  accepted: "Nobody holds a seat.",
  expired: "No invite is expired.",
  declined: "No invite is declined.",
  asked: "Nobody is waiting for a new link or a seat.",
  undelivered: "No email needs your attention.",
  removed: "No cancelled invite, and no de-allocated seat.",
};

/** Shown instead of a list without rows. */
export function Empty({
  deal,
  status,
  search,
  large,
  active,
  first,
  more,
}: {
  deal: string;
  status: Filter | undefined;
  search: string;
  large: boolean;
  active: boolean;
  /** Whether the page is the first of the list. */
  first: boolean;
  more: boolean;
}) {
  if (more || !first)
    return (
      <p key="page" class="soft">
        <Text>{`No invite is left on this page. Go to ${more ? "the next" : "an earlier"} page.`}</Text>
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
  return <p>Nobody has an invite or a seat. {active && <a href={`/deals/${deal}/invite`}>Invite learners</a>}</p>;
}
