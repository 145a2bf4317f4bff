/** Why an invite cannot be accepted: for ever, or yet. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Preview } from "../api";
import { ago, instant } from "../time";
import { Focus } from "../ui/focus";
import { StartLearning } from "../ui/start-learning";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
import { Account, endsBeforeStart, Facts } from "./facts";
import { type Found, isTakenUnseen, type Obstacle } from "./found";
import { wordsFor } from "./words";

export const IfAccepted = ({ by }: { by: string }) => (
  <>
    If you accepted it, sign in with the same account to see your seat. If it was not you, or you no longer have that
    account, ask the learning manager at {by}. Your invitation email says whom to ask.
  </>
);

/**
 * Why the link can never accept again with this account, and the next step. `children`: the way to an account. `now`: it
 * answers a click, so it takes the focus.
 */
export function Over({ found, now: isAnswer, children }: { found: Found; now: boolean; children: ComponentChildren }) {
  const { preview, obstacle, organisation, held } = found;
  const now = useNow();
  const isOfAccount = obstacle === "already_accepted" || obstacle === "already_seated";
  return (
    <>
      <Focus key={preview?.status} now={isAnswer}>
        <p>
          {preview?.status === "declined" && "You declined this invite. "}
          {isTakenUnseen(found) ? (
            <IfAccepted by={organisation.name} />
          ) : (
            <Text>{wordsFor(obstacle ?? "", organisation.name, found.askedAt !== null).text}</Text>
          )}{" "}
          {preview?.blocked === "deal_not_started" &&
            `The subscription starts on ${instant(preview.deal.startsAt)}. From then on, you can ask for a new link here.`}
        </p>
      </Focus>
      {held && (
        <>
          <p>
            You already have a seat from {organisation.name}, until {instant(held.endsAt)}. To learn with it, you need
            no new link.
          </p>
          <StartLearning />
        </>
      )}
      {preview && (
        <Facts {...preview}>
          {obstacle === "invite_expired" && preview.expiresAt && (
            <div>
              <dt>Expired</dt>
              <dd>
                <When time={preview.expiresAt} now={now} ends="ended" />
              </dd>
            </div>
          )}
          {isOfAccount && <Account />}
        </Facts>
      )}
      {isOfAccount && (
        <>
          {obstacle === "already_seated" && <StartLearning />}
          <p class="actions">{children}</p>
        </>
      )}
    </>
  );
}

/** Why the invite can't be accepted yet. `now`: it answers a click, so it takes the focus. */
export function Stop({
  code,
  preview,
  hasAsked,
  now,
}: {
  code: Obstacle;
  preview: Preview;
  hasAsked: boolean;
  now: boolean;
}) {
  const { deal, organisation } = preview;
  const { title, text } = wordsFor(code, organisation.name, hasAsked);
  const [checkedAt] = useState(() => new Date().toISOString());
  const time = useNow();
  const isLate = code === "deal_not_started" && endsBeforeStart(preview);
  return (
    <Focus now={now}>
      <Notice>
        <p>
          <strong>{title}.</strong> {code === "deal_not_started" && <>It starts on {instant(deal.startsAt)}.</>}{" "}
          <Text>
            {isLate ? "Your invite expires before that. After the start, you can ask for a new link here." : text}
          </Text>{" "}
          <Text>{now ? `Checked ${ago(checkedAt, time)}.` : ""}</Text>
        </p>
      </Notice>
    </Focus>
  );
}
