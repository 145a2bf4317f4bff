/**
 * The accept page: shows the invitation before sign-in, and takes the seat on one click.
 *
 * Invariant: opening the page and signing in accept nothing. `acceptInvite` has one caller, a button.
 */
import { batch, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Accepted,
  acceptInvite,
  askForInvite,
  declineInvite,
  optIn,
  optOut,
  type Preview,
  type Problem,
  previewInvite,
} from "../api";
import { finishSignIn, isReturning, type SignInFailure, session, signIn, wasSignedIn } from "../session";
import { instant } from "../time";
import { OPAQUE } from "../token";
import { Boundary } from "../ui/boundary";
import { Frame, Heading } from "../ui/frame";
import { asProblem, useLoad } from "../ui/load";
import { StartLearning } from "../ui/start-learning";
import { announce, Countdown, Notice, useRetry, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
import { type Answer, Asking, Refusing, Stopped } from "./answers";
import { Focus } from "./focus";
import { type Found, foundBy, isObstacle, isOver } from "./found";
import { isOther } from "./mask";
import { dropToken, isElsewhere, keepToken, token, tokenPasted } from "./token";
import { wordsFor } from "./words";

/** The final result of a link, once there is one. */
type Ending = { accepted: Accepted; preview: Preview } | { code: string; preview: Preview | undefined };
const ending = signal<Ending | null>(null);

/** Shows the final result of a link, and drops its token. */
function end(link: string, how: Ending) {
  // The person may have opened another link while the request ran.
  if (token.value !== link) return;
  // What was said on arrival no longer holds.
  announce("");
  batch(() => {
    ending.value = how;
    dropToken();
  });
}

/** Whether the person had signed in to accept this invitation before the reload. */
const isReloaded = () => token.value !== null && wasSignedIn("/accept");

export function AcceptPage() {
  const arriving = useSignal(isReturning() || isReloaded());
  const failure = useSignal<SignInFailure | undefined>(undefined);
  useEffect(() => {
    if (!arriving.value) return;
    const arrive = async () => {
      if (isReturning()) failure.value = await finishSignIn("/accept");
      else {
        failure.value = await signIn({ redirectPath: "/accept", scopes: ["seats.accept"], prompt: "none" });
        // The issuer is answering.
        if (!failure.value) return;
      }
      // The page offers to sign in.
      if (failure.value === "asks") failure.value = undefined;
      arriving.value = false;
      if (session.value) announce("You are signed in. You have not accepted yet.");
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
        ) : ending.value ? (
          <Ended how={ending.value} />
        ) : (
          <NoLink />
        )}
      </Boundary>
    </Frame>
  );
}

/** Sends an answer, and returns what it changes. */
const ANSWERS: Record<Answer, (link: string) => Promise<(found: Found) => Found>> = {
  async decline(link) {
    const { declinedAt } = await declineInvite(link);
    return ({ preview, ...found }) => ({
      ...found,
      ...(preview && { preview: { ...preview, status: "declined", declinedAt } }),
      askedAt: null,
    });
  },
  async ask(link) {
    const asked = await askForInvite(link);
    return (found) => ({ ...found, ...asked, optedOut: false });
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

function Invitation({ link, failed }: { link: string; failed: SignInFailure | undefined }) {
  const failure = useSignal(failed);
  const refusal = useSignal<{ problem: Problem; of: Answer | "accept" } | undefined>(undefined);
  const busy = useSignal<Answer | "accept" | "leaving" | undefined>(undefined);
  const checks = useSignal(0);
  const answered = useSignal<Answer | undefined>(undefined);
  const {
    value: found,
    problem,
    loading,
    reload,
    update,
  } = useLoad(link, async (): Promise<Found> => {
    try {
      return foundBy(await previewInvite(link), Date.now());
    } catch (error) {
      const { code, gone } = asProblem(error);
      if (gone && isObstacle(code)) return { ...gone, obstacle: code };
      if (wordsFor(code).final) end(link, { code, preview: undefined });
      throw error;
    }
  });
  useEffect(() => {
    // The browser's Back button may restore this page as it was left, busy.
    const comeBack = () => (busy.value = undefined);
    addEventListener("pageshow", comeBack);
    return () => removeEventListener("pageshow", comeBack);
  }, []);

  const enter = async (prompt?: string) => {
    busy.value = "leaving";
    failure.value = undefined;
    failure.value = await signIn({ redirectPath: "/accept", scopes: ["seats.accept"], ...(prompt && { prompt }) });
    // Without a failure, the issuer's page is loading.
    if (failure.value) busy.value = undefined;
  };
  /** Sends one request at a time. */
  const send = async (what: Answer | "accept", request: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = what;
    refusal.value = failure.value = answered.value = undefined;
    try {
      await request();
    } catch (error) {
      const problem = asProblem(error);
      const { code } = problem;
      if (code === "unknown_invite") end(link, { code, preview: undefined });
      else if (code === "still_valid") stopBy(null);
      else {
        // Somebody changed the invite: the page shows its current state.
        if (what !== "accept" && (problem.status === 409 || problem.status === 410)) await reload();
        refusal.value = { problem, of: what };
      }
    } finally {
      busy.value = undefined;
    }
  };
  const stopBy = (obstacle: Found["obstacle"]) => {
    update((found) => ({ ...found, obstacle }));
    checks.value++;
  };
  const accept = (preview: Preview) =>
    send("accept", async () => {
      try {
        end(link, { accepted: await acceptInvite(link), preview });
      } catch (error) {
        const { code } = asProblem(error);
        if (isObstacle(code)) return stopBy(code);
        if (wordsFor(code).final) end(link, { code, preview });
        throw error;
      }
    });
  const answer = (what: Answer) =>
    send(what, async () => {
      update(await ANSWERS[what](link));
      answered.value = what;
    });
  const check = async () => {
    await reload();
    refusal.value = undefined;
    checks.value++;
  };

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
  const shown = refusal.value && !isTold(refusal.value.problem.code, found) ? refusal.value : undefined;
  const answering = { found, busy: busy.value, onAnswer: (what: Answer) => void answer(what) };
  const [title, heading] = headingOf(found);
  return (
    <>
      <Heading title={title}>{heading}</Heading>
      <Stopped key={String(found.optedOut)} {...answering} now={answered.value === "opt-out"} />
      {answered.value === "opt-in" && (
        <Focus>
          <Notice tone="good">{organisation.name} can send you invites again.</Notice>
        </Focus>
      )}
      {accepted && (
        <p>
          If you accepted it, sign in with the same account to see your seat. If you no longer have that account, ask
          the learning manager at {organisation.name}.
        </p>
      )}
      {declined && !over && (
        <p>
          {organisation.name} sees that you declined, and when.{" "}
          {preview.expiresAt && `Changed your mind? You can still accept until ${instant(preview.expiresAt)}.`}
        </p>
      )}
      {failure.value && <SignInFailed key={failure.value} why={failure.value} />}
      {problem ? (
        <Refusal key={problem} problem={problem} retry={() => void check()} />
      ) : shown ? (
        <Refusal key={shown} problem={shown.problem} />
      ) : obstacle && preview && !over ? (
        <Stop key={`${obstacle} ${checks.value}`} code={obstacle} deal={preview.deal} now={checks.value > 0} />
      ) : (
        checks.value > 0 &&
        !over && (
          <Focus>
            <Notice tone="good">You can accept now.</Notice>
          </Focus>
        )
      )}
      {over && <Over key={obstacle} found={found} />}
      {preview && !over && (accepted || declined ? <Facts of={preview} /> : <Offer key={preview} preview={preview} />)}
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
        preview &&
        !over && (
          <Actions
            key={String(!!session.value)}
            preview={preview}
            refusal={shown?.of === "accept" ? shown.problem : undefined}
            busy={busy.value}
            accept={() => void accept(preview)}
            enter={(prompt) => void enter(prompt)}
          />
        )
      )}
      {!accepted && <Refusing {...answering} />}
      {preview?.status === "pending" && !over && <Doubts key={preview} preview={preview} />}
    </>
  );
}

/** The window's title, and the heading. */
function headingOf({ preview, organisation, obstacle }: Found): [string, string] {
  if (!preview || isOver(obstacle)) {
    const { title } = wordsFor(obstacle ?? "");
    return [title, title];
  }
  if (preview.status === "accepted") return ["Already accepted", "This invite has been accepted"];
  if (preview.status === "declined") return ["Declined", "You declined this invite"];
  return ["Your invitation", `${organisation.name} invites you to ${preview.deal.name}`];
}

/** Whether the page says the same as a refusal. */
const isTold = (code: string, { preview, obstacle }: Found) =>
  code === obstacle ||
  (isOver(code) && isOver(obstacle)) ||
  (code === "already_accepted" && preview?.status === "accepted");

function SignInFailed({ why }: { why: SignInFailure }) {
  if (why === "declined")
    return <Notice>You did not sign in. Nothing was accepted, and your invite is still open.</Notice>;
  return (
    <Notice tone="bad">
      {why === "failed" && "Sign-in failed. Nothing was accepted. Try again, or use another account."}
      {why === "opaque" && `Nothing was accepted. ${OPAQUE}`}
      {why === "blocked" &&
        `This browser blocks site data, which sign-in needs. Nothing was accepted. Allow cookies and site data for ${location.host}, then open the link in your email again. Or open the link in another browser.`}
    </Notice>
  );
}

/** Why the link can never accept again, and the next step. */
function Over({ found: { preview, obstacle, organisation } }: { found: Found }) {
  const now = useNow();
  return (
    <>
      <p>
        {preview?.status === "declined" && "You declined it. "}
        {wordsFor(obstacle ?? "", organisation.name).text}{" "}
        {preview?.blocked === "deal_not_started" &&
          `The subscription starts on ${instant(preview.deal.startsAt)}. From then on, you can ask for a new link here.`}
      </p>
      {preview && (
        <Facts of={preview}>
          {obstacle === "invite_expired" && preview.expiresAt && (
            <div>
              <dt>Open until</dt>
              <dd>
                <When time={preview.expiresAt} now={now} ends="ended" />
              </dd>
            </div>
          )}
        </Facts>
      )}
    </>
  );
}

function Facts({ of: { organisation, deal }, children }: { of: Preview; children?: ComponentChildren }) {
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

/** What people should know before they sign in. The heading names the organisation and the deal. */
function Offer({ preview: { deal, email, expiresAt } }: { preview: Preview }) {
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
          <dd>{email}</dd>
        </div>
      )}
      {expiresAt && (
        <div>
          <dt>Accept by</dt>
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
  refusal,
  busy,
  accept,
  enter,
}: {
  preview: Preview;
  refusal: Problem | undefined;
  busy: Answer | "accept" | "leaving" | undefined;
  accept: () => void;
  enter: (prompt?: string) => void;
}) {
  const person = session.value;
  const accepted = preview.status === "accepted";
  if (!person) {
    return (
      <>
        <p class="actions">
          <button type="button" disabled={!!busy} aria-busy={!!busy} onClick={() => enter()}>
            <Text>{accepted ? "Sign in to see your seat" : "Sign in to accept"}</Text>
          </button>
        </p>
        {!accepted && (
          <p class="soft">
            You can use any account. Choose the one you want to learn with. You accept in the next step.
          </p>
        )}
      </>
    );
  }
  const denied = refusal?.status === 403;
  const name = `${accepted ? "Continue" : "Accept"} ${person.email ? `as ${person.email}` : "with this account"}`;
  return (
    <>
      {!accepted && preview.email && person.email && isOther(preview.email, person.email) && (
        <p>
          The email was sent to {preview.email}, and you are signed in as {person.email}. That is fine if you want to
          learn with this account.
        </p>
      )}
      <p class="actions">
        {!denied && (
          <button type="button" disabled={!!busy} aria-busy={busy === "accept"} onClick={accept}>
            <Text>{refusal?.temporary ? "Try again" : name}</Text>
          </button>
        )}
        <button
          type="button"
          class="secondary outline"
          disabled={!!busy}
          aria-busy={busy === "leaving"}
          onClick={() => enter("select_account")}
        >
          Use another account
        </button>
      </p>
    </>
  );
}

function Doubts({ preview: { organisation } }: { preview: Preview }) {
  return (
    <section aria-labelledby="doubts">
      <h2 id="doubts">Not sure about this email?</h2>
      <p>
        Nothing is accepted until you press <em>Accept</em>. {organisation.name} does not see that you opened this page.
        If you do not know {organisation.name}, close this page, or stop its invites. To be sure, ask someone you know
        at {organisation.name}. Do not reply to the email.
      </p>
    </section>
  );
}

/** Why the invite can't be accepted yet. `now`: it answers a click, so it takes the focus. */
function Stop({ code, deal, now }: { code: string; deal: Preview["deal"]; now: boolean }) {
  const { title, text } = wordsFor(code);
  return (
    <Focus now={now}>
      <Notice>
        <p>
          <strong>{title}.</strong> {code === "deal_not_started" && <>It starts on {instant(deal.startsAt)}.</>} {text}
        </p>
      </Notice>
    </Focus>
  );
}

/** A refusal that may pass with time or with another account. */
function Refusal({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const { title, text } = wordsFor(problem.code);
  const when = useRetry(problem, retry);
  return (
    <Focus>
      <Notice tone="bad">
        <p>
          <strong>{title}.</strong> {problem.isLost && !problem.isRead && "Your answer may have gone through."} {text}{" "}
          <Countdown>{when}</Countdown>
        </p>
      </Notice>
    </Focus>
  );
}

function Ended({ how }: { how: Ending }) {
  const now = useNow();
  if ("accepted" in how) {
    const {
      accepted: { acceptedAt },
      preview,
    } = how;
    return (
      <>
        <Heading title="Accepted">You have a seat</Heading>
        <Facts of={preview}>
          <div>
            <dt>Since</dt>
            <dd>
              <When time={acceptedAt} now={now} />
            </dd>
          </div>
          {session.value?.email && (
            <div>
              <dt>Your account</dt>
              <dd>{session.value.email}</dd>
            </div>
          )}
        </Facts>
        <p>Use this account to learn. You no longer need the email.</p>
        <StartLearning />
      </>
    );
  }
  const { code, preview } = how;
  const { title, text } = wordsFor(code);
  return (
    <>
      <Heading key={code} title={title}>
        {title}
      </Heading>
      <p>{text}</p>
      {preview && (
        <Facts of={preview}>
          {code === "already_accepted" && session.value?.email && (
            <div>
              <dt>Your account</dt>
              <dd>{session.value.email}</dd>
            </div>
          )}
        </Facts>
      )}
      {(code === "already_seated" || code === "already_accepted") && <StartLearning />}
      {PASTE_AGAIN.has(code) && <Paste label="Paste the link from the email" />}
    </>
  );
}

/** Refusals after which the person may have another link to try. */
const PASTE_AGAIN = new Set(["unknown_invite", "payload_too_large"]);

function NoLink() {
  return (
    <>
      <Heading title="Your invitation">Open the link in your email</Heading>
      <p>This page needs the link from your invitation email.</p>
      <Paste label="Link does not open? Paste it here" />
      <h2>Already accepted?</h2>
      <p>Then you no longer need the link.</p>
      <StartLearning />
    </>
  );
}

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
