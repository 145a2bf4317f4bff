/** The table of invites. A row unfolds: the history of an invite, or the form that corrects its address. */
import { useState } from "preact/hooks";
import type { Invite } from "../api";
import { session } from "../session";
import { ago, date, fromNow, instant } from "../time";
import { Address, Text } from "../ui/text";
import { When } from "../ui/when";
import { Correction } from "./correction";
import { History } from "./history";
import { canResend, isOpen, isUndelivered, statusOf } from "./words";

export interface RowActions {
  resend: (invite: Invite) => void;
  cancel: (invite: Invite) => void;
  /** Returns why the address was refused, if it was. */
  correct: (invite: Invite, email: string) => Promise<string | undefined>;
  release: (invite: Invite) => void;
  pick: (invite: Invite, picked: boolean) => void;
}

export function InviteList({
  deal,
  rows,
  picked,
  busy,
  now,
  actions,
}: {
  deal: string;
  rows: Invite[];
  picked: ReadonlySet<string>;
  /** Rows with a request in progress. */
  busy: ReadonlySet<string>;
  now: number;
  actions: RowActions;
}) {
  return (
    <table class="rows invites" role="table" aria-label="Invites">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col" class="pick">
            <span class="visually-hidden">Select</span>
          </th>
          <th role="columnheader" scope="col">
            Address
          </th>
          <th role="columnheader" scope="col" class="status">
            Invitation status
          </th>
          <th role="columnheader" scope="col" class="sent">
            Date sent
          </th>
          <th role="columnheader" scope="col" class="expires">
            Expires
          </th>
          <th role="columnheader" scope="col" class="act">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((invite) => (
          <Row
            key={invite.id}
            {...{ deal, invite, now, actions }}
            picked={picked.has(invite.id)}
            busy={busy.has(invite.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  deal,
  invite,
  picked,
  busy,
  now,
  actions,
}: {
  deal: string;
  invite: Invite;
  picked: boolean;
  busy: boolean;
  now: number;
  actions: RowActions;
}) {
  const { email, name, invitedBy } = invite;
  const [unfolded, setUnfolded] = useState<"history" | "correction">();
  const unfold = (part: typeof unfolded) => setUnfolded(part === unfolded ? undefined : part);
  const another = invitedBy !== null && invitedBy !== session.value?.email ? invitedBy : undefined;
  const waiting = busy || !canResend(invite);
  const status = statusOf(invite);
  const open = isOpen(invite);
  const expires = open ? invite.expiresAt : null;
  return (
    <>
      <tr role="row" aria-busy={busy}>
        <td role="cell" class="pick">
          {open && (
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
          {name && <div class="soft">{name}</div>}
          {another && (
            <div class="soft">
              Invited by <Address email={another} />
            </div>
          )}
        </th>
        <td role="cell" class="status">
          <span class={`state ${status.tone}`}>
            <Text>{status.label}</Text>
          </span>
          {status.since && (
            <div key="since" class="soft">
              <Text>{date(status.since)}</Text>
            </div>
          )}
          {status.note && (
            <div key="note" class="soft">
              <Text>{status.note}</Text>
            </div>
          )}
        </td>
        <td role="cell" data-label="Date sent" class="sent">
          {invite.sentAt ? <When time={invite.sentAt} now={now} /> : <span class="soft">Not sent yet</span>}
        </td>
        <td role="cell" data-label="Expires" class={`expires ${expires ? "" : "none"}`}>
          {expires ? (
            <time dateTime={expires} title={instant(expires)}>
              <Text>{(invite.status === "expired" ? ago : fromNow)(expires, now)}</Text>
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
            open && (
              <>
                <button
                  key="resend"
                  type="button"
                  class="link"
                  aria-disabled={waiting}
                  aria-label={`Resend invite to ${email}`}
                  onClick={() => waiting || actions.resend(invite)}
                >
                  Resend
                </button>
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
                {isUndelivered(invite) && (
                  <button
                    key="correct"
                    type="button"
                    class="link"
                    aria-expanded={unfolded === "correction"}
                    aria-label={`Correct address ${email}`}
                    onClick={() => unfold("correction")}
                  >
                    Correct address
                  </button>
                )}
              </>
            )
          )}
          <button
            key="history"
            type="button"
            class="link history"
            aria-expanded={unfolded === "history"}
            aria-label={`History of the invite to ${email}`}
            onClick={() => unfold("history")}
          >
            History
          </button>
        </td>
      </tr>
      {unfolded && (
        <tr role="row" key={unfolded} class="unfolded">
          <td role="cell" colSpan={6}>
            {unfolded === "history" ? (
              <History {...{ deal, invite, now }} />
            ) : (
              <Correction
                {...{ email, busy }}
                onCorrect={(corrected) => actions.correct(invite, corrected)}
                onClose={() => setUnfolded(undefined)}
              />
            )}
          </td>
        </tr>
      )}
    </>
  );
}
