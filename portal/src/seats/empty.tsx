import type { ListedStatus } from "../api";

const EMPTY: Record<ListedStatus, string> = {
  pending: "Nobody has an invite that is waiting for an answer.",
  accepted: "Nobody has accepted yet.",
  expired: "No invite has expired.",
};

/** What to say of a list without rows. */
export function Empty({ deal, status, search, active, more }: {
  deal: string;
  status: ListedStatus | undefined;
  search: string;
  active: boolean;
  more: boolean;
}) {
  if (more) return <p key="more" class="soft">Nothing is left on this page. Go on to the next.</p>;
  if (search) return <p key="search" class="soft">No address here begins with that. Only the beginning of an address is looked at.</p>;
  if (status) return <p key={status} class="soft">{EMPTY[status]}</p>;
  return (
    <p>
      Nobody has been invited yet. {active && <a href={`/deals/${deal}/invite`}>Invite the first people</a>}
    </p>
  );
}
