/**
 * The page that a mail program opens to unsubscribe: one button.
 *
 * Invariant: opening the page changes nothing, and the id leaves the address before anything else. The id can do nothing but
 * stop the invites of one organisation to one address.
 */
import { signal, useSignal } from "@preact/signals";
import { type OptOut, type Problem, unsubscribe } from "./api";
import { drop, keep, kept } from "./storage";
import { Boundary } from "./ui/boundary";
import { Frame, Heading } from "./ui/frame";
import { asProblem } from "./ui/load";
import { Failure } from "./ui/status";

const KEY = "unsubscribe";
const id = signal<string | null>(null);

/** On the path of this page, moves the id from the address to storage, and returns true. */
export function takeUnsubscribeId(): boolean {
  if (!/^\/+unsubscribe\/*$/.test(location.pathname)) return false;
  const fresh = location.hash.slice(1);
  history.replaceState(null, "", "/unsubscribe");
  if (fresh) keep(KEY, fresh);
  id.value = fresh || kept(KEY);
  return true;
}

export function UnsubscribePage() {
  return (
    <Frame>
      <section class="card">
        <Boundary>
          <Unsubscribe key={id.value} />
        </Boundary>
      </section>
    </Frame>
  );
}

function Unsubscribe() {
  const done = useSignal<OptOut | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const busy = useSignal(false);
  const stop = async (which: string) => {
    if (busy.value) return;
    busy.value = true;
    try {
      done.value = await unsubscribe(which);
      drop(KEY);
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      busy.value = false;
    }
  };
  if (done.value) {
    const { name } = done.value.organisation;
    return (
      <>
        <Heading title="Unsubscribed">{`You get no more invites from ${name}`}</Heading>
        <p>{name} sees that you stopped its invites. You can still accept an invite with the link in its email.</p>
        <p>To undo this, open that link and press “Allow invites again”.</p>
      </>
    );
  }
  const which = id.value;
  if (!which || problem.value?.code === "unknown_invite") {
    return (
      <>
        <Heading title="This link does not work">This link does not work</Heading>
        <p>Open the link in your invitation email. You can stop the invites on the page that opens.</p>
      </>
    );
  }
  return (
    <>
      <Heading title="Unsubscribe">Stop these invites?</Heading>
      <p>
        You will get no more invites from the organisation that sent you the email. It will see that you stopped them.
        You can undo this with the link in the email.
      </p>
      {problem.value && <Failure key={problem.value} problem={problem.value} />}
      <p class="actions">
        <button type="button" disabled={busy.value} aria-busy={busy.value} onClick={() => void stop(which)}>
          Stop inviting me
        </button>
      </p>
    </>
  );
}
