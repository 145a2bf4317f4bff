/** The table of invites. A row unfolds: the history of an invite, or the form that corrects its address. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Correction as Corrected, Invite, InviteDetail } from "../api";
import { ago, fromNow, instant, shortDate } from "../time";
import { Text } from "../ui/text";
import { When } from "../ui/when";
import { Correction } from "./correction";
import { History } from "./history";
import { sentByMe } from "./lost";
import {
  canInviteAgain,
  canResend,
  currentInvite,
  type DealState,
  isOpen,
  isOptedOut,
  isSending,
  type Known,
  noteOf,
  placeOf,
  type Step,
} from "./words";

export interface RowActions {
  resend: (invite: Invite) => void;
  cancel: (invite: Invite) => void;
  /** Returns why the address was refused, if it was, and if the form that asked for it is still shown. */
  correct: (invite: Invite, corrected: Corrected, isShown: () => boolean) => Promise<string | undefined>;
  release: (invite: Invite) => void;
  pick: (invite: Invite, picked: boolean) => void;
  /** Goes to the invite of an address. */
  find: (email: string) => void;
  /** Puts the address of a removed invite into the list of people to invite. */
  again: (invite: Known) => void;
  /** Reads an invite again, before somebody decides about it. */
  look: (invite: Invite) => void;
  /** One invite was read again. */
  seen: (invite: Invite, detail: InviteDetail) => void;
}

export function InviteList({
  deal,
  rows,
  pickable,
  picked,
  busy,
  dealState,
  now,
  actions,
}: {
  deal: string;
  rows: Known[];
  /** Whether rows of the list can be selected. */
  pickable: boolean;
  picked: ReadonlyMap<string, Invite>;
  /** Rows with a request in progress. */
  busy: ReadonlySet<string>;
  dealState: DealState;
  now: number;
  actions: RowActions;
}) {
  return (
    <table class="rows invites" role="table" aria-label="Invites">
      <thead role="rowgroup">
        <tr role="row">
          {pickable && (
            <th role="columnheader" scope="col" class="pick">
              <span class="visually-hidden">Select</span>
            </th>
          )}
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
            Expiry
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
            {...{ deal, invite, pickable, dealState, now, actions }}
            picked={picked.has(invite.id)}
            busy={busy.has(invite.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Whether an open invite's time is over. A declined invite expires too. Of a pending one, a reload decides. */
export const isPast = ({ status }: Invite, expires: string, now: number) =>
  status === "expired" || (status !== "pending" && Date.parse(expires) <= now);

function Row({
  deal,
  invite,
  pickable,
  picked,
  busy,
  dealState,
  now,
  actions,
}: {
  deal: string;
  invite: Known;
  pickable: boolean;
  picked: boolean;
  busy: boolean;
  dealState: DealState;
  now: number;
  actions: RowActions;
}) {
  const { id, email, name, invitedBy } = invite;
  const [unfolded, setUnfolded] = useState<"history" | "correction">();
  const [correcting, setCorrecting] = useState(false);
  const unfold = (part: typeof unfolded) => correcting || setUnfolded(part === unfolded ? undefined : part);
  const correctButton = useRef<HTMLButtonElement>(null);
  const another = sentByMe(invite) ? undefined : invitedBy;
  const waiting = busy || !canResend(invite);
  const place = placeOf(invite, dealState);
  const current = currentInvite(invite);
  // Why a resend is not possible, or what to do first.
  const why = { "aria-describedby": `place-${id}`, title: noteOf(place) };
  const step = (name: Step) => `link ${place.step === name ? "step" : ""}`;
  const open = isOpen(invite);
  const { active } = dealState;
  const canCorrect = open && active;
  // The form is about the person for whom it was opened.
  useLayoutEffect(() => setUnfolded((part) => (part === "correction" ? undefined : part)), [email, name, canCorrect]);
  // The focus was in the form.
  const before = useRef(unfolded);
  useLayoutEffect(() => {
    if (before.current === "correction" && !unfolded && document.activeElement === document.body)
      correctButton.current?.focus();
    before.current = unfolded;
  }, [unfolded]);
  // While an email is queued, its end is not known.
  const expires = open && !isSending(invite) ? invite.expiresAt : null;
  const isOver = expires !== null && isPast(invite, expires, now);
  return (
    <>
      <tr role="row" aria-busy={busy}>
        {pickable && (
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
        )}
        <th role="rowheader" scope="row" class="address" id={`row-${id}`} tabIndex={-1}>
          <Text>{email}</Text>
          {name && <div class="soft">{name}</div>}
          {another && (
            <div class="soft">
              <Text>{`Invited by ${another}`}</Text>
            </div>
          )}
        </th>
        <td role="cell" class="status">
          <span class={`state ${place.tone}`}>
            <Text>{place.label}</Text>
          </span>
          <div class="soft" id={`place-${id}`}>
            <Text>{noteOf(place)}</Text>
          </div>
        </td>
        <td role="cell" data-label={invite.sentAt ? "Sent" : undefined} class="sent">
          {invite.sentAt ? (
            <When time={invite.sentAt} now={now} />
          ) : (
            <span class="soft">
              <Text>{isSending(invite) ? "Not sent yet" : "Not sent"}</Text>
            </span>
          )}
        </td>
        <td role="cell" data-label={isOver ? "Expired" : "Expires"} class={`expires ${expires ? "" : "none"}`}>
          {expires ? (
            <time dateTime={expires} title={instant(expires)}>
              <Text>{(isOver ? ago : fromNow)(expires, now)}</Text>
            </time>
          ) : (
            <Text>–</Text>
          )}
          {open && invite.remindAt && !isOptedOut(invite) && (
            <div key="reminder" class="soft">
              <Text>
                {`Reminder on ${shortDate(invite.remindAt)}${dealState.available === 0 ? ", if a seat is free" : ""}`}
              </Text>
            </div>
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
                {canCorrect && (
                  <button
                    key="correct"
                    ref={correctButton}
                    type="button"
                    class={step("correct")}
                    aria-expanded={unfolded === "correction"}
                    aria-label={`Correct address ${email}`}
                    onClick={() => {
                      if (unfolded !== "correction") actions.look(invite);
                      unfold("correction");
                    }}
                  >
                    Correct address
                  </button>
                )}
                {active && (
                  <button
                    key="resend"
                    type="button"
                    class={step("resend")}
                    aria-disabled={waiting}
                    {...(!canResend(invite) && why)}
                    aria-label={`Resend invite to ${email}`}
                    onClick={() => waiting || actions.resend(invite)}
                  >
                    Resend
                  </button>
                )}
                <button
                  key="cancel"
                  type="button"
                  class="link"
                  aria-disabled={busy}
                  aria-label={`Cancel invite to ${email}`}
                  onClick={() => actions.cancel(invite)}
                >
                  Cancel<span class="wide"> invite</span>
                </button>
              </>
            )
          )}
          {current && (
            <button
              key="find"
              type="button"
              class="link step"
              aria-label={`Go to the new invite to ${current.email}`}
              onClick={() => actions.find(current.email)}
            >
              Go to the new invite
            </button>
          )}
          {active && canInviteAgain(invite) && (
            <button
              key="again"
              type="button"
              class="link"
              aria-label={`Invite again ${email}`}
              onClick={() => actions.again(invite)}
            >
              Invite again
            </button>
          )}
          <button
            key="history"
            type="button"
            class="link"
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
          <td role="cell" colSpan={pickable ? 6 : 5}>
            {unfolded === "history" ? (
              <History {...{ deal, invite, now }} onLoad={(detail) => actions.seen(invite, detail)} />
            ) : (
              <Correction
                {...{ deal, invite, busy, correcting, setCorrecting }}
                full={dealState.available === 0}
                onCorrect={(corrected, isShown) => actions.correct(invite, corrected, isShown)}
                onClose={() => (setUnfolded(undefined), correctButton.current?.focus())}
              />
            )}
          </td>
        </tr>
      )}
    </>
  );
}
