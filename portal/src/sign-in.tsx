/** Signing in on the managers' pages, and what to say if it fails. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { setAside } from "./accept/token";
import { leftPage, type SignInFailure, signIn } from "./session";
import { CLOCK, OPAQUE, UNREACHABLE } from "./token";
import { Heading } from "./ui/frame";
import { StartLearning } from "./ui/start-learning";
import { Notice } from "./ui/status";

const SCOPES = ["invites.manage", "deals.admin"];

export const enter = (prompt?: string, unasked = false) =>
  signIn({
    redirectPath: "/",
    scopes: SCOPES,
    returnTo: (location.pathname === "/" && leftPage()?.path) || location.pathname + location.search,
    ...(prompt && { prompt }),
    unasked,
  });

/** `children`: said if the issuer did not answer. */
export function SignInFailed({ why, children }: { why: SignInFailure | undefined; children?: ComponentChildren }) {
  switch (why) {
    case "declined":
      return <Notice>You did not sign in. Nothing has changed.</Notice>;
    case "failed":
      return (
        <Notice tone="bad">Sign-in failed. Try again. If it fails again, tell the team that runs this site.</Notice>
      );
    case "unreachable":
      return (
        <Notice tone="bad">
          {UNREACHABLE} {children}
        </Notice>
      );
    case "blocked":
      return (
        <Notice tone="bad">
          This browser blocks site data, which sign-in needs. Allow cookies and site data for {location.host}, then
          reload this page.
        </Notice>
      );
    case "clock":
      return <Notice tone="bad">{CLOCK}</Notice>;
    case "opaque":
      return <Notice tone="bad">{OPAQUE}</Notice>;
    default:
      return null;
  }
}

/** The ways on from a page that this account may not open. `children`: the first of them. */
export function OtherWays({ children }: { children?: ComponentChildren }) {
  const failure = useSignal<SignInFailure | undefined>(undefined);
  const start = async () => (failure.value = await enter("select_account"));
  return (
    <>
      <p class="actions">
        {children}
        <button type="button" class="secondary outline" onClick={() => void start()}>
          Use another account
        </button>
      </p>
      <SignInFailed why={failure.value} />
    </>
  );
}

/** At a page for learning managers. `isPartner`: a partnership manager; anybody else is most often a learner. */
export function NoManager({ isPartner = false }: { isPartner?: boolean }) {
  const failure = useSignal<SignInFailure | undefined>(undefined);
  const start = async () => {
    setAside();
    failure.value = await signIn({ redirectPath: "/accept", scopes: ["seats.accept"] });
  };
  if (isPartner)
    return (
      <>
        <Heading title="No permission">This page is for learning managers</Heading>
        <p>This account manages deals, but not their seats and invites.</p>
        <OtherWays>
          <a class="go" href="/admin">
            Go to Deals admin
          </a>
        </OtherWays>
      </>
    );
  return (
    <>
      <Heading title="Your own seat">Looking for your own seat?</Heading>
      <SignInFailed why={failure.value} />
      <p class="actions">
        <button type="button" onClick={() => void start()}>
          See your own seat
        </button>
      </p>
      <p>To accept an invite, open the link in your invitation email.</p>
      <StartLearning />
      <p>
        This account manages no seats. To manage seats, sign in with another account, or ask the learning manager at
        your organisation.
      </p>
      <OtherWays />
    </>
  );
}
