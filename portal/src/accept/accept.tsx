/**
 * The accept page: shows the invitation before sign-in, and takes the seat on one click.
 *
 * Invariant: opening the page and signing in accept nothing. `acceptInvite` has one caller, a button.
 */
import { batch, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Accepted, acceptInvite, type Preview, type Problem, previewInvite } from "../api";
import { loadConfig } from "../config";
import { finishSignIn, isReturning, type SignInFailure, session, signIn } from "../session";
import { instant } from "../time";
import { Frame, Heading } from "../ui/frame";
import { asProblem, useLoad } from "../ui/load";
import { announce, Countdown, Notice, useRetry, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
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
  batch(() => {
    ending.value = how;
    dropToken();
  });
}

export function AcceptPage() {
  const arriving = useSignal(isReturning());
  const failure = useSignal<SignInFailure | undefined>(undefined);
  useEffect(() => {
    if (!arriving.value) return;
    const arrive = async () => {
      failure.value = await finishSignIn("/accept");
      arriving.value = false;
      if (session.value) announce("You are signed in. You have not accepted yet.");
    };
    void arrive();
  }, []);
  const link = token.value;
  return (
    <Frame>
      {arriving.value ? (
        <Waiting what="Signing in" />
      ) : link ? (
        <Invitation key={link} link={link} failed={failure.value} />
      ) : ending.value ? (
        <Ended how={ending.value} />
      ) : (
        <NoLink />
      )}
    </Frame>
  );
}

function Invitation({ link, failed }: { link: string; failed: SignInFailure | undefined }) {
  const failure = useSignal(failed);
  const refusal = useSignal<Problem | undefined>(undefined);
  const busy = useSignal<"accepting" | "leaving" | undefined>(undefined);
  const checks = useSignal(0);
  const {
    value: preview,
    problem,
    loading,
    reload,
  } = useLoad(link, async () => {
    try {
      const found = await previewInvite(link);
      if (found.status === "expired") end(link, { code: whyExpired(found), preview: found });
      return found;
    } catch (error) {
      const { code } = asProblem(error);
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
  const accept = async (seen: Preview) => {
    if (busy.value) return;
    busy.value = "accepting";
    refusal.value = failure.value = undefined;
    try {
      end(link, { accepted: await acceptInvite(link), preview: seen });
    } catch (error) {
      const problem = asProblem(error);
      if (wordsFor(problem.code).final) end(link, { code: problem.code, preview: seen });
      refusal.value = problem;
    } finally {
      busy.value = undefined;
    }
  };
  const check = async () => {
    await reload();
    refusal.value = undefined;
    checks.value++;
  };

  if (!preview) {
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
  const accepted = preview.status === "accepted";
  const stopped = refusal.value?.code ?? preview.blocked;
  const waits = !accepted && (stopped === "deal_full" || stopped === "deal_not_started");
  return (
    <>
      <Heading title={accepted ? "Already accepted" : "Your invitation"}>
        {accepted
          ? "This invite has been accepted"
          : `${preview.organisation.name} invites you to ${preview.deal.name}`}
      </Heading>
      {accepted && (
        <p>
          If you accepted it, sign in with the same account to see your seat. If you no longer have that account, ask
          the learning manager at your organisation.
        </p>
      )}
      {failure.value === "declined" && (
        <Notice>You did not sign in. Nothing was accepted, and your invite is still open.</Notice>
      )}
      {failure.value === "failed" && (
        <Notice tone="bad">Sign-in failed. Nothing was accepted. Try again, or use another account.</Notice>
      )}
      {failure.value === "blocked" && (
        <Notice tone="bad">
          This browser blocks site data, which sign-in needs. Nothing was accepted. Allow cookies and site data for{" "}
          {location.host}, then open the link in your email again. Or open the link in another browser.
        </Notice>
      )}
      {problem ? (
        <Refusal key={problem} problem={problem} retry={() => void check()} />
      ) : waits ? (
        <Stop key={checks.value} code={stopped} deal={preview.deal} now={checks.value > 0 || !!refusal.value} />
      ) : refusal.value ? (
        <Refusal key={refusal.value} problem={refusal.value} />
      ) : (
        checks.value > 0 && (
          <Focus>
            <Notice tone="good">You can accept now.</Notice>
          </Focus>
        )
      )}
      {accepted ? <Facts key={preview} of={preview} /> : <Offer key={preview} preview={preview} />}
      {waits || problem ? (
        <p class="actions">
          <button type="button" disabled={loading} aria-busy={loading} onClick={() => void check()}>
            Check again
          </button>
        </p>
      ) : (
        <Actions
          key={String(!!session.value)}
          preview={preview}
          refusal={refusal.value}
          busy={busy.value}
          accept={() => void accept(preview)}
          enter={(prompt) => void enter(prompt)}
        />
      )}
      {!accepted && <Doubts key={preview} preview={preview} />}
    </>
  );
}

/** An invite expires at the end of its deal, if not before. */
const whyExpired = ({ blocked, expiresAt, deal }: Preview) =>
  blocked === "deal_ended" && expiresAt === deal.endsAt ? "deal_ended" : "invite_expired";

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
  busy: "accepting" | "leaving" | undefined;
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
          <button type="button" disabled={!!busy} aria-busy={busy === "accepting"} onClick={accept}>
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

function Doubts({ preview: { organisation, email } }: { preview: Preview }) {
  return (
    <section aria-labelledby="doubts">
      <h2 id="doubts">Not sure about this email?</h2>
      <p>
        Nothing is accepted until you press <em>Accept</em>. {organisation.name} does not see that you opened this page.
      </p>
      <p>
        If {email && <>{email} is not your address, or </>}you do not know {organisation.name}, close this page and do
        nothing. To be sure, ask someone you know at {organisation.name}. Do not reply to the email.
      </p>
    </section>
  );
}

/** Why the invite can't be accepted yet. `now`: it answers a click, so it takes the focus. */
function Stop({ code, deal, now }: { code: string; deal: Preview["deal"]; now: boolean }) {
  const { title, text } = wordsFor(code);
  const notice = (
    <Notice>
      <p>
        <strong>{title}.</strong> {code === "deal_not_started" && <>It starts on {instant(deal.startsAt)}.</>} {text}
      </p>
    </Notice>
  );
  return now ? <Focus>{notice}</Focus> : notice;
}

/** A refusal that may pass with time or with another account. */
function Refusal({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const { title, text } = wordsFor(problem.code);
  const when = useRetry(problem, retry);
  return (
    <Focus>
      <Notice tone="bad">
        <p>
          <strong>{title}.</strong> {text} <Countdown>{when}</Countdown>
        </p>
      </Notice>
    </Focus>
  );
}

/** Takes the focus, because the button that was pressed may be gone. */
function Focus({ children }: { children: ComponentChildren }) {
  const here = useRef<HTMLDivElement>(null);
  useEffect(() => here.current?.focus(), []);
  return (
    <div ref={here} tabIndex={-1}>
      {children}
    </div>
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
          {preview.status === "expired" && preview.expiresAt && (
            <div>
              <dt>Open until</dt>
              <dd>
                <When time={preview.expiresAt} now={now} ends />
              </dd>
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
const PASTE_AGAIN = new Set(["unknown_invite", "payload_too_large", "invite_superseded"]);

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

function StartLearning() {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    loadConfig().then(
      ({ startUrl }) => setUrl(startUrl),
      () => undefined,
    );
  }, []);
  return (
    <p class="actions">
      {url && (
        <a class="go" href={url}>
          Start learning
        </a>
      )}
    </p>
  );
}
