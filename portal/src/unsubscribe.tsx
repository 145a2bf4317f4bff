/**
 * The page that a mail program opens to unsubscribe: one button.
 *
 * Invariant: opening the page changes nothing, and the id leaves the address before anything else. The id can do nothing but
 * stop the invites of one organisation to one address, or the daily email to one manager.
 */
import { signal, useSignal } from "@preact/signals";
import { type Problem, unsubscribe, unsubscribeDigest } from "./api";
import { drop, keep, kept } from "./storage";
import { Boundary } from "./ui/boundary";
import { Focus } from "./ui/focus";
import { Frame, Heading } from "./ui/frame";
import { asProblem } from "./ui/load";
import { Failure, Notice } from "./ui/status";
import { Text } from "./ui/text";

const KEY = "unsubscribe";
/** What was stopped, for a reload: an organisation's name, or nothing for the daily email. */
const DONE = "unsubscribed";
/** The id of a request without an answer, for a reload. */
const TRIED = "unsubscribing";
const id = signal<string | null>(null);

const ID = /^(digest-)?[\w-]{64}$/;

/** On the path of this page, moves the id from the address to storage, and returns true. */
export function takeUnsubscribeId(): boolean {
  if (!/^\/+unsubscribe\/*$/.test(location.pathname)) return false;
  const fresh = location.hash.slice(1);
  history.replaceState(null, "", "/unsubscribe");
  if (fresh) {
    keep(KEY, fresh);
    drop(DONE);
  }
  id.value = fresh || kept(KEY);
  return true;
}

export function UnsubscribePage() {
  return (
    <Frame>
      <section class="card">
        <Boundary>
          <Unsubscribe key={id.value} which={id.value} />
        </Boundary>
      </section>
    </Frame>
  );
}

const WORDS = {
  invites: {
    heading: "Stop these invites?",
    text: "You will get no more invites from the organisation that sent you the email. It will see that you stopped them. You can undo this with the link in the email.",
    button: "Stop inviting me",
    doubt: "Were these invites stopped?",
    lost: "The invites may have been stopped.",
  },
  digest: {
    heading: "Stop the daily email?",
    text: "You will get no more emails about deals that need your attention. Deals, seats and invites stay as they are. You can switch the email on again on your deals page.",
    button: "Stop the daily email",
    doubt: "Was the daily email stopped?",
    lost: "The daily email may have been stopped.",
  },
};

function Unsubscribe({ which }: { which: string | null }) {
  const done = useSignal(kept(DONE));
  const problem = useSignal<Problem | undefined>(undefined);
  const busy = useSignal(false);
  const tried = useSignal(which !== null && kept(TRIED) === which);
  if (done.value !== null) return <Done organisation={done.value} />;
  if (!which || !ID.test(which) || problem.value?.code === "unknown_invite") return <NoId isCut={!!which} />;

  const isDigest = which.startsWith("digest-");
  const { heading, doubt, text, button, lost } = isDigest ? WORDS.digest : WORDS.invites;
  const stop = async () => {
    if (busy.value) return;
    busy.value = true;
    // A reload may come before the answer.
    keep(TRIED, which);
    try {
      const stopped = isDigest ? (await unsubscribeDigest(which), "") : (await unsubscribe(which)).organisation.name;
      keep(DONE, stopped);
      drop(KEY);
      drop(TRIED);
      done.value = stopped;
    } catch (error) {
      problem.value = asProblem(error);
      tried.value ||= problem.value.isLost;
      if (!tried.value) drop(TRIED);
    } finally {
      busy.value = false;
    }
  };
  return (
    <>
      <Heading title="Unsubscribe">{tried.value ? doubt : heading}</Heading>
      {problem.value && (
        <Focus key={problem.value}>
          <Failure
            problem={problem.value}
            text={problem.value.isLost ? `${lost} Trying again is safe.` : "This attempt changed nothing."}
            {...(problem.value.code === "unreadable" && {
              advice: "If this network asks you to sign in, do that first.",
            })}
          />
        </Focus>
      )}
      {!problem.value && tried.value && (
        <Notice tone="warn">No answer came to the last attempt. {lost} Trying again is safe.</Notice>
      )}
      <p>{text}</p>
      <p class="actions">
        <button type="button" disabled={busy.value} aria-busy={busy.value} onClick={() => void stop()}>
          <Text>{problem.value || tried.value ? "Try again" : button}</Text>
        </button>
      </p>
    </>
  );
}

/** `organisation`: empty for the daily email. */
function Done({ organisation }: { organisation: string }) {
  if (!organisation)
    return (
      <>
        <Heading title="Unsubscribed">You get no more of these emails</Heading>
        <p>The daily email about your deals is off. You can switch it on again on your deals page.</p>
        <p class="actions">
          <a class="go" href="/deals">
            Go to your deals
          </a>
        </p>
      </>
    );
  return (
    <>
      <Heading title="Unsubscribed">{`You get no more invites from ${organisation}`}</Heading>
      <p>
        {organisation} sees that you stopped its invites. You can still accept an invite with the link in its email.
      </p>
      <h2>Did you stop them by mistake?</h2>
      <p>
        Open the link in the invitation email again, or <a href="/accept#paste">paste it here</a>, and press “Allow
        invites again”. If you no longer have the email, ask the learning manager at {organisation}: the team that runs
        this site can undo it.
      </p>
    </>
  );
}

/** `isCut`: there is an id, and it does not work. */
function NoId({ isCut }: { isCut: boolean }) {
  const heading = isCut ? "This link does not work" : "Open the link in your email";
  return (
    <>
      <Heading title={heading}>{heading}</Heading>
      <p>
        {isCut
          ? "Nothing has changed. A part of the link may be missing."
          : "Without the link from an email, this page can change nothing."}
      </p>
      <p>
        To stop invites, open the link in your invitation email. The page that opens has the button “Not me / stop
        inviting me”.
      </p>
      <p>
        To stop the daily email about your deals, switch it off on <a href="/deals">your deals page</a>.
      </p>
    </>
  );
}
