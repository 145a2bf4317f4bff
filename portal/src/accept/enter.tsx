/** The ways to sign in, and to accept. */

import { useSignal } from "@preact/signals";
import type { Preview, Problem } from "../api";
import { type SignInFailure, session, signIn } from "../session";
import { CLOCK, OPAQUE, UNREACHABLE } from "../token";
import { Focus } from "../ui/focus";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import type { Answer } from "./found";
import { isOther } from "./mask";

/** A learner's sign-in. */
export const HERE = { redirectPath: "/accept", scopes: ["seats.accept"] } satisfies Parameters<typeof signIn>[0];

const WHY: Partial<Record<SignInFailure, string>> = {
  failed: "Sign-in failed. Check your internet connection, then try again. Or use another account.",
  unreachable: UNREACHABLE,
  clock: CLOCK,
  opaque: OPAQUE,
  blocked: `This browser blocks site data, which sign-in needs. Allow cookies and site data for ${location.host}, then open the link in your email again, or in another browser.`,
};

/** `link`: whether there is an invite to accept. */
export const SignInFailed = ({ why, link = true }: { why: SignInFailure; link?: boolean }) => (
  <Focus>
    <Notice tone={WHY[why] ? "bad" : "plain"}>
      {WHY[why] ?? "You did not sign in."} {link && "Nothing was accepted."}
    </Notice>
  </Focus>
);

export function Actions({
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

export const SEE_SEAT = "Sign in to see your seat";

/** Signs in. Without a label, with another account. */
export const Enter = ({ busy, enter, main, label }: Entering & { label?: string | false }) => (
  <button
    type="button"
    class={main ? undefined : "secondary outline"}
    disabled={!!busy}
    aria-busy={busy === "leaving"}
    onClick={() => enter(label ? undefined : "select_account")}
  >
    <Text>{label || "Use another account"}</Text>
  </button>
);

/** Signs in without a link. `failed`: why the last attempt failed. */
export function SignIn({ failed }: { failed: SignInFailure | undefined }) {
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
