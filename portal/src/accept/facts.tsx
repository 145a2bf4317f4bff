/** What people should know of an invitation. */

import type { ComponentChildren } from "preact";
import type { Preview } from "../api";
import { session } from "../session";
import { instant } from "../time";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
import { type Found, isOver, isTakenUnseen } from "./found";
import { wordsFor } from "./words";

/** The window's title, and the heading. */
export function headingOf(found: Found): [string, string] {
  const { preview, organisation, obstacle } = found;
  if (isTakenUnseen(found)) return ACCEPTED;
  if (!preview || isOver(obstacle)) {
    const { title } = wordsFor(obstacle ?? "");
    return [title, title];
  }
  if (preview.status === "accepted") return ACCEPTED;
  if (preview.status === "declined") return ["Declined", "You declined this invite"];
  return ["Your invitation", `${organisation.name} invites you to ${preview.deal.name}`];
}

const ACCEPTED: [string, string] = ["Already accepted", "This invite has been accepted"];

export const Account = () =>
  session.value?.email ? (
    <div>
      <dt>Your account</dt>
      <dd>
        <Text>{session.value.email}</Text>
      </dd>
    </div>
  ) : null;

export function Facts({ organisation, deal, children }: Preview & { children?: ComponentChildren }) {
  return (
    <dl class="facts">
      <div>
        <dt>From</dt>
        <dd>{organisation.name}</dd>
      </div>
      <div>
        <dt>For</dt>
        <dd>
          The learning subscription {deal.name}, until {instant(deal.endsAt)}
        </dd>
      </div>
      {children}
    </dl>
  );
}

/** Whether the invite expires before anybody can accept it. */
export const endsBeforeStart = ({ expiresAt, deal }: Preview) =>
  expiresAt !== null && Date.parse(expiresAt) <= Date.parse(deal.startsAt);

/** What people should know before they sign in. The heading names the organisation and the deal. */
export function Offer({ preview }: { preview: Preview }) {
  const { deal, email, expiresAt } = preview;
  const now = useNow();
  return (
    <dl class="facts">
      <div>
        <dt>You get</dt>
        <dd>A seat on the learning subscription, until {instant(deal.endsAt)}</dd>
      </div>
      {email && (
        <div>
          <dt>Sent to</dt>
          <dd>
            <Text>{email}</Text>
          </dd>
        </div>
      )}
      {expiresAt && (
        <div>
          <dt>{endsBeforeStart(preview) ? "Expires" : "Accept by"}</dt>
          <dd>
            <When time={expiresAt} now={now} ends />
          </dd>
        </div>
      )}
      <div>
        <dt>Your organisation sees</dt>
        <dd>
          That you accepted, when, and whether you used the invited address. If you use another address, that address is
          not shown.
        </dd>
      </div>
    </dl>
  );
}

export function Doubts({ found: { organisation, optedOut } }: { found: Found }) {
  return (
    <section aria-labelledby="doubts">
      <h2 id="doubts">Not sure about this email?</h2>
      <p>
        Nothing is accepted until you press <em>Accept</em>. {organisation.name} does not see that you opened this page.
        If you do not know {organisation.name}, close this page{!optedOut && ", or stop its invites"}. To be sure, ask
        someone you know at {organisation.name}. Do not reply to the email.
      </p>
    </section>
  );
}
