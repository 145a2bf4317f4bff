import type { ListedStatus } from "../api";

const EMPTY: Record<ListedStatus, string> = {
  pending: "No invite is waiting for an answer.",
  accepted: "Nobody has accepted yet.",
  expired: "No invite has expired.",
};

/** Shown instead of a list without rows. */
export function Empty({
  deal,
  status,
  search,
  active,
  more,
}: {
  deal: string;
  status: ListedStatus | undefined;
  search: string;
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
      <p key="search" class="soft">
        No address begins with this text. The search compares only the beginning of an address.
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
