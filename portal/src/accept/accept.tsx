/**
 * The accept page: shows the invitation before sign-in, and takes the seat on one click.
 *
 * Invariant: opening the page and signing in accept nothing. `acceptInvite` has one caller, a button.
 */
import { batch, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  type Accepted,
  acceptInvite,
  askForInvite,
  declineInvite,
  listOwnSeats,
  type OwnSeat,
  optIn,
  optOut,
  type Preview,
  type Problem,
  previewInvite,
} from "../api";
import { finishSignIn, isReturning, leftPage, type SignInFailure, session, signIn, wasSignedIn } from "../session";
import { ago, dateTime, instant } from "../time";
import { CLOCK, OPAQUE, UNREACHABLE } from "../token";
import { Boundary } from "../ui/boundary";
import { Focus } from "../ui/focus";
import { Frame, Heading as PageHeading } from "../ui/frame";
import { asProblem, useLoad } from "../ui/load";
import { StartLearning } from "../ui/start-learning";
import { announce, Countdown, Failure, Notice, useRetry, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
import { Asking, labelOf, Refusing, Stopped } from "./answers";
import {
  type Answer,
  askableFor,
  type Found,
  foundBy,
  foundGone,
  isObstacle,
  isOver,
  type Obstacle,
  tookEffect,
} from "./found";
import { isOther } from "./mask";
import { dropToken, isElsewhere, keepToken, token, tokenPasted } from "./token";
import { askForNext, wordsFor } from "./words";

/** A learner's sign-in. */
const HERE = { redirectPath: "/accept", scopes: ["seats.accept"] } satisfies Parameters<typeof signIn>[0];

/** The final result of a link, once there is one. */
type Ending = { accepted: Accepted; preview: Preview; isLateNo?: boolean } | { code: string };
const ending = signal<Ending | null>(null);

/** Shows the final result of a link, and drops its token. */
function end(link: string, how: Ending) {
  // The person may have opened another link while the request ran.
  if (token.value !== link) return;
  batch(() => {
    ending.value = how;
    dropToken();
  });
}

export function AcceptPage() {
  const arriving = useSignal(isReturning() || wasSignedIn("/accept"));
  const failure = useSignal<SignInFailure | undefined>(undefined);
  useEffect(() => {
    if (!arriving.value) return;
    const arrive = async () => {
      if (isReturning()) failure.value = await finishSignIn("/accept");
      // A reload, or an earlier return from the issuer that *Back* has met again.
      if (!session.value && wasSignedIn("/accept")) {
        failure.value = await signIn({ ...HERE, prompt: "none", unasked: true });
        // The issuer is answering.
        if (!failure.value) return;
      }
      // The page offers to sign in.
      if (failure.value === "asks") failure.value = undefined;
      arriving.value = false;
    };
    void arrive();
  }, []);
  const link = token.value;
  return (
    <Frame>
      <Boundary key={link}>
        {arriving.value ? (
          <Waiting what="Signing in" />
        ) : link ? (
          <Invitation key={link} link={link} failed={failure.value} />
        ) : ending.value && "accepted" in ending.value ? (
          <Seated {...ending.value} />
        ) : (
          <NoLink key={ending.value} code={ending.value?.code} failed={failure.value} />
        )}
      </Boundary>
    </Frame>
  );
}

/** A new heading is in view: the answer that brought it may have been pressed far below. */
function Heading(heading: { title: string; children: string }) {
  useLayoutEffect(() => scrollTo(0, 0), [heading.title]);
  return <PageHeading {...heading} />;
}

/** Sends an answer, and returns what it changes. */
const ANSWERS: Record<Answer, (link: string, found: Found) => Promise<(found: Found) => Found>> = {
  async decline(link) {
    const { declinedAt } = await declineInvite(link);
    return ({ preview, ...found }) => ({
      ...found,
      ...(preview && { preview: { ...preview, status: "declined", declinedAt } }),
      askedAt: null,
    });
  },
  async ask(link, shown) {
    const asked = await askForInvite(link);
    // The page was out of date if the answer is about something else.
    const now = asked.askedFor === askableFor(shown) ? undefined : await look(link).catch(() => undefined);
    return (found) => ({ ...(now ?? found), ...asked, optedOut: false });
  },
  async "opt-out"(link) {
    const { optedOut } = await optOut(link);
    return (found) => ({ ...found, optedOut, askedAt: null });
  },
  async "opt-in"(link) {
    const { optedOut } = await optIn(link);
    return (found) => ({ ...found, optedOut });
  },
};

/** The signed-in learner's seats. */
const ownSeats = async (): Promise<OwnSeat[] | undefined> => (session.value ? listOwnSeats() : undefined);

/** Reads the invite's current state, and the learner's seats. `isNo`: after a no. */
async function look(link: string, isNo = false): Promise<Found> {
  const own = ownSeats().catch(asProblem);
  /** What the link can do, by the learner's seats if they can be read. */
  const withSeats = async (found: (seats?: OwnSeat[]) => Found): Promise<Found> => {
    const seats = await own;
    return seats && "code" in seats ? { ...found(), unread: seats } : found(seats);
  };
  try {
    const preview = await previewInvite(link);
    return settled(link, await withSeats((seats) => foundBy(preview, Date.now(), seats)), isNo);
  } catch (error) {
    const { code, gone } = asProblem(error);
    if (gone && isObstacle(code)) return withSeats((seats) => foundGone(gone, code, Date.now(), seats));
    if (wordsFor(code).final) end(link, { code });
    throw error;
  }
}

/** Ends a link that the learner has accepted, unless it is of use to allow invites again. */
function settled(link: string, found: Found, isLateNo = false): Found {
  const { preview, seat, optedOut } = found;
  if (preview?.status === "accepted" && seat && !optedOut) end(link, { accepted: seat, preview, isLateNo });
  return found;
}

/** An answer that failed. */
interface Failed {
  problem: Problem;
  of: Answer | "accept";
  /** What the button says. */
  label: string;
  /** Whether it is known that the answer had no effect. */
  isVoid: boolean;
  /** Whether it was a no to an invite that had been accepted. */
  isLateNo: boolean;
}

function Invitation({ link, failed }: { link: string; failed: SignInFailure | undefined }) {
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
            {...(obstacle === "deal_full" && { class: "secondary outline" })}
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

/** Whether somebody accepted, which the answer to an older link said. It does not say who. */
const isTakenUnseen = ({ preview, obstacle }: Found) => !preview && obstacle === "already_accepted";

const IfAccepted = ({ by }: { by: string }) => (
  <>
    If you accepted it, sign in with the same account to see your seat. If it was not you, or you no longer have that
    account, ask the learning manager at {by}. Your invitation email says whom to ask.
  </>
);

/** The window's title, and the heading. */
function headingOf(found: Found): [string, string] {
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

/** It answers a click, so it takes the focus. */
const LateNo = ({ by }: { by: string }) => (
  <Focus>
    <Notice tone="warn">
      <strong>“No thanks” changed nothing, because this invite had been accepted.</strong> To give the seat back, ask
      the learning manager at {by} to free it. Your invitation email says whom to ask.
    </Notice>
  </Focus>
);

const ACCEPTED: [string, string] = ["Already accepted", "This invite has been accepted"];

/** Whether the page says the same as a refusal. */
const isTold = (code: string, { preview, obstacle }: Found) =>
  code === obstacle ||
  (isOver(code) && isOver(obstacle)) ||
  (code === "already_accepted" && preview?.status === "accepted");

const WHY: Partial<Record<SignInFailure, string>> = {
  failed: "Sign-in failed. Check your internet connection, then try again. Or use another account.",
  unreachable: UNREACHABLE,
  clock: CLOCK,
  opaque: OPAQUE,
  blocked: `This browser blocks site data, which sign-in needs. Allow cookies and site data for ${location.host}, then open the link in your email again, or in another browser.`,
};

/** `link`: whether there is an invite to accept. */
const SignInFailed = ({ why, link = true }: { why: SignInFailure; link?: boolean }) => (
  <Focus>
    <Notice {...(WHY[why] && { tone: "bad" })}>
      {WHY[why] ?? "You did not sign in."} {link && "Nothing was accepted."}
    </Notice>
  </Focus>
);

/**
 * Why the link can never accept again with this account, and the next step. `children`: the way to an account. `now`: it
 * answers a click, so it takes the focus.
 */
function Over({ found, now: isAnswer, children }: { found: Found; now: boolean; children: ComponentChildren }) {
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

const Account = () =>
  session.value?.email ? (
    <div>
      <dt>Your account</dt>
      <dd>
        <Text>{session.value.email}</Text>
      </dd>
    </div>
  ) : null;

function Facts({ organisation, deal, children }: Preview & { children?: ComponentChildren }) {
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
const endsBeforeStart = ({ expiresAt, deal }: Preview) =>
  expiresAt !== null && Date.parse(expiresAt) <= Date.parse(deal.startsAt);

/** What people should know before they sign in. The heading names the organisation and the deal. */
function Offer({ preview }: { preview: Preview }) {
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

function Actions({
  preview,
  unsure,
  failed,
  refusal,
  busy,
  accept,
  enter,
}: {
  preview: Preview;
  unsure: boolean;
  /** Whether sign-in failed. */
  failed: boolean;
  refusal: Problem | undefined;
  busy: Answer | "accept" | "leaving" | undefined;
  accept: () => void;
  enter: (prompt?: string) => void;
}) {
  const person = session.value;
  const accepted = preview.status === "accepted";
  if (!person) {
    return (
      <div class="choice">
        <Enter main busy={busy} enter={enter} label={accepted ? SEE_SEAT : "Sign in to accept"} />
        {!accepted && (
          <p class="soft">
            You can use any account. Choose the one you want to learn with. You accept in the next step.
          </p>
        )}
        {failed && <Enter busy={busy} enter={enter} />}
      </div>
    );
  }
  const denied = refusal?.status === 403;
  const name = `${accepted ? "Continue" : "Accept"} ${person.email ? `as ${person.email}` : "with this account"}`;
  const isOpen = preview.status === "pending" && !unsure;
  const isAnother = !accepted && preview.email && person.email && isOther(preview.email, person.email);
  return (
    <>
      {(isOpen || isAnother) && (
        <p>
          {isOpen && <strong>You have not accepted yet.</strong>}{" "}
          <Text>
            {isAnother
              ? `The email was sent to ${preview.email}, and you are signed in as ${person.email}. That is fine if you want to learn with this account.`
              : ""}
          </Text>
        </p>
      )}
      <p class="actions">
        {!denied && (
          <button
            type="button"
            disabled={!!busy}
            aria-busy={busy === "accept"}
            // The second click of a double click on another button may land here, when a notice moves the page.
            onClick={({ detail }) => detail < 2 && accept()}
          >
            <Text>{refusal?.temporary ? "Try again" : name}</Text>
          </button>
        )}
        <Enter busy={busy} enter={enter} />
      </p>
    </>
  );
}

interface Entering {
  busy?: string | undefined;
  enter: (prompt?: string) => unknown;
  /** Whether it is the next step. */
  main?: boolean;
}

const SEE_SEAT = "Sign in to see your seat";

/** Signs in. Without a label, with another account. */
const Enter = ({ busy, enter, main, label }: Entering & { label?: string | false }) => (
  <button
    type="button"
    {...(!main && { class: "secondary outline" })}
    disabled={!!busy}
    aria-busy={busy === "leaving"}
    onClick={() => enter(label ? undefined : "select_account")}
  >
    <Text>{label || "Use another account"}</Text>
  </button>
);

function Doubts({ found: { organisation, optedOut } }: { found: Found }) {
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

/** Why the invite can't be accepted yet. `now`: it answers a click, so it takes the focus. */
function Stop({ code, preview, hasAsked, now }: { code: Obstacle; preview: Preview; hasAsked: boolean; now: boolean }) {
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

/** A refusal that may pass with time or with another account. `failed`: the answer that it is a refusal of. */
function Refusal({
  problem,
  failed,
  retry,
  onAgain,
}: {
  problem: Problem;
  failed?: Failed;
  retry?: () => void;
  onAgain?: () => void;
}) {
  const { title, text } = wordsFor(problem.code);
  const when = useRetry(problem, retry);
  return (
    <Focus>
      <Notice tone="bad">
        <p>
          <strong>{title}.</strong>{" "}
          {failed && problem.temporary && `“${failed.label}” ${failed.isVoid ? "has not" : "may have"} gone through.`}{" "}
          {failed?.of === "ask" && problem.code === "deal_not_started"
            ? "After the start, open the link in the newest email, or ask here."
            : text}{" "}
          <Countdown>{when}</Countdown>
        </p>
        {onAgain && (
          <button type="button" class="small" onClick={onAgain}>
            Try again
          </button>
        )}
      </Notice>
    </Focus>
  );
}

/** `children`: while the link is of use. */
function Seated({
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

/** Says that the learner's seats cannot be read. */
const Unread = ({ problem, reload }: { problem: Problem; reload: () => void }) => (
  <Focus key={problem}>
    <Failure problem={problem} text="We don’t know whether you have a seat." reload={reload} />
  </Focus>
);

/** Signs in without a link. `failed`: why the last attempt failed. */
function SignIn({ failed }: { failed: SignInFailure | undefined }) {
  const failure = useSignal(failed);
  const enter = async (prompt?: string) => (failure.value = await signIn({ ...HERE, ...(prompt && { prompt }) }));
  return (
    <>
      {failure.value && <SignInFailed key={failure.value} why={failure.value} link={false} />}
      <p class="actions">
        <Enter label={!session.value && SEE_SEAT} enter={enter} />
      </p>
    </>
  );
}

/**
 * The ways on without a link that works. `code`: why the link does not work, if there was one. `failed`: why sign-in failed, if
 * it did.
 */
function NoLink({ code, failed }: { code: string | undefined; failed: SignInFailure | undefined }) {
  const { value: own, problem, loading, reload } = useLoad("", ownSeats);
  if (loading && session.value) return <Waiting what="Loading your seats" />;
  const now = Date.now();
  const seats = own?.filter(({ endsAt }) => Date.parse(endsAt) > now) ?? [];
  const isSeatless = own !== undefined && seats.length === 0 && !code;
  const unread = session.value && problem && <Unread problem={problem} reload={() => void reload()} />;
  const { title, text } = code ? wordsFor(code) : isSeatless ? NO_SEAT : NO_LINK;
  const held = seats.length > 1 ? `You have ${seats.length} seats` : "You have a seat";
  const list = seats.length > 0 && (
    <>
      <dl class="facts">
        {seats.map(({ dealId, organisation, acceptedAt, endsAt }) => (
          <div key={dealId}>
            <dt>{organisation.name}</dt>
            <dd>
              {/* Two seats of one organisation may end together. */}
              {seats.length > 1 && `Accepted on ${dateTime(acceptedAt)}. `}Until {instant(endsAt)}
            </dd>
          </div>
        ))}
        <Account />
      </dl>
      <StartLearning />
    </>
  );
  if ((list || unread) && !code)
    return (
      <>
        <Heading title="Your seats">{list ? held : "Your seats could not be read"}</Heading>
        {list || unread}
        <Paste label="Another invitation? Paste its link here" />
      </>
    );
  return (
    <>
      <Heading title={code ? title : "Your invitation"}>{title}</Heading>
      {!session.value && (leftPage() || problem) && (
        <Notice tone="warn">{problem ? "Your session has ended." : "You signed out in another tab."}</Notice>
      )}
      {isSeatless &&
        own.map(({ dealId, organisation, endsAt }) => (
          <p key={dealId}>
            Your seat from {organisation.name} ended on {instant(endsAt)}. {askForNext(organisation.name)}
          </p>
        ))}
      <p>{text}</p>
      {isSeatless && <SignIn failed={failed} />}
      <Paste label={code ? "Paste the link from the email" : "Link does not open? Paste it here"} />
      {unread}
      {!isSeatless && <h2>{list ? held : "Already accepted?"}</h2>}
      {list ||
        (!isSeatless && (
          <>
            <p>Then you no longer need the link.</p>
            <StartLearning />
            {!session.value && <SignIn failed={failed} />}
          </>
        ))}
      <h2>No email, or its link does not work?</h2>
      <p>Ask the learning manager at your organisation to invite you again.</p>
    </>
  );
}

const NO_SEAT = {
  title: "You have no seat with this account",
  text: "A seat ends with its subscription, or when your organisation frees it. If you accepted with another account, use that one. To accept an invite, open the link in your invitation email.",
};
const NO_LINK = { title: "Open the link in your email", text: "This page needs the link from your invitation email." };

function Paste({ label }: { label: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    const pasted = tokenPasted(text, location.host);
    if (pasted) return keepToken(pasted);
    setWrong(isElsewhere(text, location.host) ? HIDDEN : INCOMPLETE);
    field.current!.focus();
  };
  // If the mail's button was copied, the link is only in the copied HTML.
  const paste = (event: ClipboardEvent) => {
    const copied = (type: string) => event.clipboardData?.getData(type) ?? "";
    const behind = tokenPasted(copied("text/html"), location.host);
    if (!behind || tokenPasted(copied("text/plain"), location.host)) return;
    event.preventDefault();
    field.current!.value = `${location.origin}/accept#${behind}`;
  };
  return (
    <form class="paste" onSubmit={submit} noValidate>
      <label for="link">{label}</label>
      <input
        ref={field}
        id="link"
        type="text"
        inputMode="url"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onPaste={paste}
        {...(wrong && { "aria-invalid": "true" as const })}
        aria-describedby="link-hint"
      />
      <p id="link-hint" class={wrong ? "wrong" : "soft"} role={wrong ? "alert" : undefined}>
        <Text>{wrong ?? "It starts with https:// and is long. Copy all of it."}</Text>
      </p>
      <button type="submit" class="outline">
        Show the invitation
      </button>
    </form>
  );
}

const INCOMPLETE = "This is not a complete link from the email. Copy all of it, from https:// to the last letter.";
const HIDDEN =
  "This link leads to another site, such as a mail filter, which hides the invitation link. Open it in your browser instead. If the invitation does not appear, ask the learning manager at your organisation.";
