/** The invitation of a link that was really sent: it is shown, accepted and answered here. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { acceptInvite, type Preview, type Problem } from "../api";
import { type SignInFailure, session, signIn } from "../session";
import { instant } from "../time";
import { Focus } from "../ui/focus";
import { asProblem, useLoad } from "../ui/load";
import { announce, Notice, Waiting } from "../ui/status";
import { Asking, labelOf, Refusing, Stopped } from "./answers";
import { end } from "./ending";
import { Actions, Enter, HERE, SEE_SEAT, SignInFailed } from "./enter";
import { Doubts, Facts, headingOf, Offer } from "./facts";
import { type Answer, type Found, isObstacle, isOver, isTakenUnseen, tookEffect } from "./found";
import { Heading } from "./heading";
import { ANSWERS, look, settled } from "./look";
import { IfAccepted, Over, Stop } from "./over";
import { type Failed, isTold, Refusal, Unread } from "./refusal";
import { LateNo, Seated } from "./seated";
import { dropToken } from "./token";
import { wordsFor } from "./words";

export function Invitation({ link, failed }: { link: string; failed: SignInFailure | undefined }) {
  const failure = useSignal(failed);
  const refusal = useSignal<Failed | undefined>(undefined);
  const busy = useSignal<Answer | "accept" | "leaving" | undefined>(undefined);
  const checks = useSignal(0);
  const answered = useSignal<Answer | "accept" | undefined>(undefined);
  /** Whether accepting may have gone through unseen. */
  const unsure = useSignal(false);
  const { value: found, problem, loading, reload, update } = useLoad(link, () => look(link));
  useEffect(() => {
    // The browser's Back button may restore this page as it was left, busy.
    const comeBack = () => (busy.value = undefined);
    addEventListener("pageshow", comeBack);
    return () => removeEventListener("pageshow", comeBack);
  }, []);

  const expiresAt = found && !isOver(found.obstacle) ? found.preview?.expiresAt : undefined;
  useEffect(() => {
    const left = Date.parse(expiresAt ?? "") + A_SECOND - Date.now();
    // An answer that is under way meets the end, and says so.
    const timer = left > 0 && setTimeout(() => busy.value || void reload(), Math.min(left, LONGEST_TIMER));
    return () => void (timer && clearTimeout(timer));
  }, [expiresAt]);

  const enter = async (prompt?: string) => {
    busy.value = "leaving";
    failure.value = undefined;
    failure.value = await signIn({ ...HERE, ...(prompt && { prompt }) });
    // Without a failure, the issuer's page is loading.
    if (failure.value) busy.value = undefined;
    // The older link of an accepted invite would hide the seat on return.
    else if (found && isTakenUnseen(found)) dropToken();
  };
  const stopBy = (obstacle: Found["obstacle"]) => {
    update((found) => ({ ...found, obstacle }));
    checks.value++;
  };
  /** After a failed answer, shows the current state, and what failed unless the state says it all. */
  const explain = async (of: Answer | "accept", label: string, problem: Problem) => {
    const { code, status, isLost, temporary } = problem;
    if (wordsFor(code).final) return end(link, { code });
    if (code === "still_valid") return stopBy(null);
    if (of === "accept" && isObstacle(code)) return stopBy(code);
    let isVoid = !isLost;
    let isLateNo = of === "decline" && code === "already_accepted";
    if (temporary || status === 409 || status === 410) {
      const now = await look(link, of === "decline").catch(() => undefined);
      if (now) update(() => now);
      isLateNo ||= of === "decline" && now?.preview?.status === "accepted";
      if (temporary && now && tookEffect(of, now)) {
        answered.value = of;
        return;
      }
      // An older link's preview says only that the link is older.
      if (of === "ask" && isOver(code) && !now?.preview) return stopBy(code);
      isVoid ||= now !== undefined && (of !== "accept" || now.preview?.status !== "accepted");
    }
    unsure.value ||= of === "accept" && !isVoid;
    refusal.value = { problem, of, label, isVoid, isLateNo };
  };
  /** Sends one request at a time. */
  const send = async (what: Answer | "accept", request: () => Promise<void>) => {
    if (busy.value || !found) return;
    busy.value = what;
    refusal.value = failure.value = answered.value = undefined;
    try {
      await request();
    } catch (error) {
      await explain(what, labelOf(what, found), asProblem(error));
    } finally {
      busy.value = undefined;
    }
  };
  const accept = (preview: Preview) =>
    send("accept", async () => {
      const seat = { ...(await acceptInvite(link)), endsAt: preview.deal.endsAt };
      const now = settled(link, { ...found!, preview: { ...preview, status: "accepted" }, seat });
      update(() => now);
    });
  const answer = (what: Answer) =>
    send(what, async () => {
      update(await ANSWERS[what](link, found!));
      answered.value = what;
    });
  const check = async () => {
    await reload();
    refusal.value = undefined;
    checks.value++;
  };

  // Only while it is true: the page must not contradict what it says to screen readers.
  const isWaiting = found?.preview?.status === "pending" && !found.obstacle;
  const isUntouched = !busy.value && !refusal.value && !answered.value;
  const told = session.value && isWaiting && isUntouched ? "You are signed in. You have not accepted yet." : "";
  useEffect(() => {
    if (!told) return;
    announce(told);
    return () => announce("");
  }, [told]);

  if (!found) {
    return (
      <>
        <Heading title="Your invitation">Your invitation</Heading>
        {!problem && <Waiting what="Loading your invitation" rows={4} />}
        {problem && <Refusal key={problem} problem={problem} retry={() => void reload()} />}
        {problem && (
          <p class="actions">
            <button type="button" disabled={loading} aria-busy={loading} onClick={() => void reload()}>
              Try again
            </button>
          </p>
        )}
      </>
    );
  }
  const { preview, organisation, obstacle } = found;
  const accepted = preview?.status === "accepted";
  const declined = preview?.status === "declined";
  const over = isOver(obstacle);
  // Accepting says whether the person has a seat.
  const isOpen = preview && !accepted && !obstacle;
  const isLateNo = refusal.value?.isLateNo;
  const shown = refusal.value && !isLateNo && !isTold(refusal.value.problem.code, found) ? refusal.value : undefined;
  const repeatable = shown?.problem.temporary && shown.of !== "accept" ? shown.of : undefined;
  const answering = { found, busy: busy.value, onAnswer: (what: Answer) => void answer(what) };
  const [title, heading] = headingOf(found);
  const notices = (
    <>
      <Stopped key={String(found.optedOut)} {...answering} now={answered.value === "opt-out"} />
      {answered.value === "opt-in" && (
        <Focus>
          <Notice tone="good">{organisation.name} can send you invites again.</Notice>
        </Focus>
      )}
      {isLateNo && <LateNo by={organisation.name} />}
      {!problem && found.unread && !isOpen && <Unread problem={found.unread} reload={() => void reload()} />}
      {!problem && shown && (
        <Refusal
          key={shown}
          problem={shown.problem}
          failed={shown}
          {...(repeatable && { onAgain: () => void answer(repeatable) })}
        />
      )}
    </>
  );
  if (preview && found.seat && accepted)
    return (
      <Seated accepted={found.seat} preview={preview}>
        {notices}
      </Seated>
    );
  const person = session.value;
  const actions = preview && !over && !problem && !obstacle && (
    <Actions
      key={String(!!person)}
      preview={preview}
      unsure={unsure.value}
      failed={failure.value === "failed"}
      refusal={shown?.of === "accept" ? shown.problem : undefined}
      busy={busy.value}
      accept={() => void accept(preview)}
      enter={(prompt) => void enter(prompt)}
    />
  );
  return (
    <>
      <Heading title={title}>{heading}</Heading>
      {notices}
      {accepted && !over && (
        <p>
          <IfAccepted by={organisation.name} />
        </p>
      )}
      {declined && !over && (
        <p>
          {organisation.name} sees that you declined, and when.{" "}
          {preview.expiresAt &&
            !obstacle &&
            `Changed your mind? You can still accept until ${instant(preview.expiresAt)}.`}
        </p>
      )}
      {failure.value && <SignInFailed key={failure.value} why={failure.value} />}
      {problem && <Refusal key={problem} problem={problem} retry={() => void check()} />}
      {obstacle && preview && !over && (
        <Stop
          key={`${obstacle} ${checks.value}`}
          code={obstacle}
          preview={preview}
          hasAsked={found.askedAt !== null}
          now={checks.value > 0 && !shown}
        />
      )}
      {checks.value > 0 && !obstacle && !accepted && !shown && !problem && (
        <Focus>
          <Notice tone="good">You can accept now.</Notice>
        </Focus>
      )}
      {over && (
        <Over key={obstacle} found={found} now={answered.value === "decline"}>
          <Enter
            label={!session.value && SEE_SEAT}
            main={obstacle !== "already_seated"}
            busy={busy.value}
            enter={enter}
          />
        </Over>
      )}
      {person && actions}
      {preview && !over && (accepted || declined ? <Facts {...preview} /> : <Offer key={preview} preview={preview} />)}
      <Asking {...answering} now={answered.value === "ask"} />
      {problem || (obstacle && !over) ? (
        <p class="actions">
          <button
            type="button"
            class={obstacle === "deal_full" ? "secondary outline" : undefined}
            disabled={loading}
            aria-busy={loading}
            onClick={() => void check()}
          >
            Check again
          </button>
        </p>
      ) : (
        !person && actions
      )}
      <Refusing {...answering} />
      {preview?.status === "pending" && !over && <Doubts key={found} found={found} />}
    </>
  );
}

const A_SECOND = 1000;
/** The longest wait that browsers can count, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
