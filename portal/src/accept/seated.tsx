/** The seat that an accepted invite has given. */

import type { ComponentChildren } from "preact";
import type { Accepted } from "../api";
import { instant } from "../time";
import { Focus } from "../ui/focus";
import { StartLearning } from "../ui/start-learning";
import { Notice } from "../ui/status";
import { useNow, When } from "../ui/when";
import type { Ending } from "./ending";
import { Account, Facts } from "./facts";
import { Heading } from "./heading";
import { askForNext, wordsFor } from "./words";

/** It answers a click, so it takes the focus. */
export const LateNo = ({ by }: { by: string }) => (
  <Focus>
    <Notice tone="warn">
      <strong>“No thanks” changed nothing, because this invite had been accepted.</strong> To give the seat back, ask
      the learning manager at {by} to free it. Your invitation email says whom to ask.
    </Notice>
  </Focus>
);

/** `children`: while the link is of use. */
export function Seated({
  accepted: { acceptedAt },
  preview,
  isLateNo,
  children,
}: Extract<Ending, { accepted: Accepted }> & { children?: ComponentChildren }) {
  const now = useNow();
  const { deal, organisation } = preview;
  const ended = Date.parse(deal.endsAt) <= now;
  const { title } = wordsFor("deal_ended");
  return (
    <>
      <Heading title={ended ? title : "Accepted"}>{ended ? title : "You have a seat"}</Heading>
      {isLateNo && <LateNo by={organisation.name} />}
      {children}
      <Facts {...preview}>
        <div>
          <dt>Since</dt>
          <dd>
            <When time={acceptedAt} now={now} />
          </dd>
        </div>
        <Account />
      </Facts>
      {ended ? (
        <p>
          You had a seat until {instant(deal.endsAt)}. {askForNext(organisation.name)}
        </p>
      ) : (
        <>
          <p>Use this account to learn. {!children && "You no longer need the email."}</p>
          <StartLearning />
        </>
      )}
    </>
  );
}
