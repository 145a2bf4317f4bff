/**
 * The accept page: shows the invitation before sign-in, and takes the seat on one click.
 *
 * Invariant: opening the page and signing in accept nothing. `acceptInvite` has one caller, a button of the invitation.
 */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { finishSignIn, isReturning, type SignInFailure, session, signIn, wasSignedIn } from "../session";
import { Boundary } from "../ui/boundary";
import { Frame } from "../ui/frame";
import { Waiting } from "../ui/status";
import { ending } from "./ending";
import { HERE } from "./enter";
import { Invitation } from "./invitation";
import { NoLink } from "./no-link";
import { Seated } from "./seated";
import { token } from "./token";

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
