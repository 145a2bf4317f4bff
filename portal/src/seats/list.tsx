/** The table of invites. */
import type { Invite } from "../api";
import { ago, date, fromNow, instant } from "../time";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { canResend, statusOf } from "./words";

export interface RowActions {
  resend: (invite: Invite) => void;
  cancel: (invite: Invite) => void;
  release: (invite: Invite) => void;
  pick: (invite: Invite, picked: boolean) => void;
}

export function InviteList({
  rows,
  picked,
  busy,
  now,
  actions,
}: {
  rows: Invite[];
  picked: ReadonlySet<string>;
  /** Rows with a request in progress. */
  busy: ReadonlySet<string>;
  now: number;
  actions: RowActions;
}) {
  return (
    <table class="rows" role="table" aria-label="Invites">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col" class="pick">
            <span class="visually-hidden">Select</span>
          </th>
          <th role="columnheader" scope="col">
            Address
          </th>
          <th role="columnheader" scope="col">
            Invited by
          </th>
          <th role="columnheader" scope="col">
            Invitation status
          </th>
          <th role="columnheader" scope="col">
            Date sent
          </th>
          <th role="columnheader" scope="col">
            Expires
          </th>
          <th role="columnheader" scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((invite) => (
          <Row
            key={invite.id}
            {...{ invite, now, actions }}
            picked={picked.has(invite.id)}
            busy={busy.has(invite.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

/** An address that may break after its `@`. */
function Address({ email }: { email: string }) {
  const at = email.lastIndexOf("@") + 1;
  return (
    <>
      {email.slice(0, at)}
      <wbr />
      {email.slice(at)}
    </>
  );
}

function Row({
  invite,
  picked,
  busy,
  now,
  actions,
}: {
  invite: Invite;
  picked: boolean;
  busy: boolean;
  now: number;
  actions: RowActions;
}) {
  const { email } = invite;
  const status = statusOf(invite);
  return (
    <tr role="row" aria-busy={busy}>
      <td role="cell" class="pick">
        {invite.status !== "accepted" && (
          <input
            type="checkbox"
            checked={picked}
            aria-label={`Select ${email}`}
            onChange={(event) => actions.pick(invite, event.currentTarget.checked)}
          />
        )}
      </td>
      <th role="rowheader" scope="row" class="address">
        <Address email={email} />
        {invite.name && <div class="soft">{invite.name}</div>}
      </th>
      <td role="cell" data-label="Invited by" class="by">
        {invite.invitedBy ? <Address email={invite.invitedBy} /> : "–"}
      </td>
      <td role="cell" data-label="Invitation status" class="status">
        <div>
          <span class={`state ${status.tone}`}>
            <Text>{status.label}</Text>
          </span>
          {invite.acceptedAt && (
            <div key="accepted" class="soft">
              <Text>{date(invite.acceptedAt)}</Text>
            </div>
          )}
          {status.note && (
            <div key="note" class="soft">
              <Text>{status.note}</Text>
            </div>
          )}
          {canResend(invite) && (
            <button
              type="button"
              class="link"
              aria-disabled={busy}
              aria-label={`Resend invite to ${email}`}
              onClick={() => actions.resend(invite)}
            >
              Resend
            </button>
          )}
        </div>
      </td>
      <td role="cell" data-label="Date sent">
        {invite.sentAt ? <When time={invite.sentAt} now={now} /> : <span class="soft">Not sent yet</span>}
      </td>
      <td role="cell" data-label="Expires">
        {invite.expiresAt && invite.status !== "accepted" ? (
          <time dateTime={invite.expiresAt} title={instant(invite.expiresAt)}>
            <Text>{(invite.status === "expired" ? ago : fromNow)(invite.expiresAt, now)}</Text>
          </time>
        ) : (
          <Text>–</Text>
        )}
      </td>
      <td role="cell" class="act">
        {invite.status === "accepted" ? (
          <button
            key="release"
            type="button"
            class="link"
            aria-disabled={busy}
            aria-label={`De-allocate seat of ${email}`}
            onClick={() => actions.release(invite)}
          >
            De-allocate seat
          </button>
        ) : (
          <button
            key="cancel"
            type="button"
            class="link"
            aria-disabled={busy}
            aria-label={`Cancel invite to ${email}`}
            onClick={() => actions.cancel(invite)}
          >
            Cancel invite
          </button>
        )}
      </td>
    </tr>
  );
}
