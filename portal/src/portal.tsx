/** The portal's entry point: sign-in and routes. */
import "./style.css";
import { useSignal } from "@preact/signals";
import { type ComponentType, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { leaveForInvitation, setAside } from "./accept/token";
import { Deals } from "./deals";
import { isSendingList, losesWork } from "./invite/draft";
import { SeatsPage } from "./seats/seats";
import {
  another,
  finishSignIn,
  hasEntered,
  isElsewhere,
  isReturning,
  learnerHere,
  leaveTogether,
  leftPage,
  removeEntered,
  replaced,
  type SignInFailure,
  session,
  sessionOver,
  showPresence,
  signOut,
  tidyAddress,
  wasSignedIn,
} from "./session";
import { enter, NoManager, SignInFailed } from "./sign-in";
import { drop, keep, kept } from "./storage";
import { Boundary } from "./ui/boundary";
import { Confirm, confirm } from "./ui/confirm";
import { Frame, Heading } from "./ui/frame";
import { onDemand } from "./ui/on-demand";
import { Ongoing } from "./ui/ongoing";
import { keepPlaces } from "./ui/place";
import { Notice, Waiting } from "./ui/status";
import { Text } from "./ui/text";
import { takeUnsubscribeId, UnsubscribePage } from "./unsubscribe";

const Admin = onDemand("admin", async () => (await import("./admin/admin")).Admin);
const InvitePage = onDemand("invite", async () => (await import("./invite/invite")).InvitePage);
const SettingsPage = onDemand("settings", async () => (await import("./settings/settings")).SettingsPage);

/** The paths of the routes below. No route is rendered before sign-in, so this tells whether a page exists. */
const PAGE = /^\/(admin|deals(\/[^/]+(\/(invite|settings))?)?)?\/?$/;

/** A page that somebody opens from a link or a bookmark, often while signed in in another tab. */
const DEEP = /^\/(admin|deals\/[^/]+(\/(invite|settings))?)\/?$/;
/** Kept while the issuer is asked whether it knows the person, of whom this tab knows nothing. */
const GUESS = "guess";

/** Signing out ends a sending, and deletes the rest of its list. */
async function leave() {
  const sure =
    !isSendingList() ||
    (await confirm({
      title: "Sign out while invites are being sent?",
      body: <p>Sending stops, and the rest of the list is deleted.</p>,
      action: "Sign out",
      keep: "Stay signed in",
    }));
  if (sure) await signOut();
}

function App() {
  const arriving = useSignal(true);
  const failure = useSignal<SignInFailure | undefined>(undefined);
  useEffect(() => {
    const arrive = async () => {
      const returned = isReturning();
      const guessed = kept(GUESS) !== null;
      drop(GUESS);
      if (returned) failure.value = await finishSignIn("/");
      if (guessed && failure.value === "asks") failure.value = undefined;
      // First without a question. If the issuer has to ask, it may, but not for a guess.
      const isNew = !returned && !wasSignedIn("/") && !leftPage();
      const guess = isNew && (DEEP.test(location.pathname) || (await isElsewhere()));
      const prompt = guess || wasSignedIn("/") ? "none" : failure.value === "asks" ? "" : undefined;
      if (prompt !== undefined && !session.value) {
        if (guess) keep(GUESS, "yes");
        failure.value = await enter(prompt, true);
        // The issuer's page is loading.
        if (!failure.value) return;
        if (guess) failure.value = undefined;
      }
      arriving.value = false;
    };
    void arrive();
  }, []);
  if (arriving.value)
    return (
      <Frame>
        <Waiting what="Signing in" />
      </Frame>
    );
  // When a session ends, the page and its input stay until the person has signed in again.
  if (!session.value && !sessionOver.value)
    return (
      <Frame>
        <Welcome failure={failure.value} />
      </Frame>
    );
  return (
    <LocationProvider>
      <Frame nav={<Nav />} dialog={<Confirm />} onSignOut={leave}>
        {sessionOver.value && <SessionOver />}
        {replaced.value && (
          <Notice tone="warn" onClose={() => (replaced.value = null)}>
            <Text>{`You are now signed in as ${session.value?.email ?? "somebody else"}. This page was opened as ${replaced.value}.`}</Text>
          </Notice>
        )}
        <Ongoing />
        <Routes />
      </Frame>
    </LocationProvider>
  );
}

/** Another page is shown even if one has failed. */
function Routes() {
  const { path } = useLocation();
  return (
    <Boundary key={path}>
      <Router>
        <Route path="/" component={Home} />
        <Route path="/deals" component={AllDeals} />
        <Route path="/deals/:deal" component={ManagersSeats} />
        <Route path="/deals/:deal/invite" component={ManagersInvite} />
        <Route path="/deals/:deal/settings" component={ManagersSettings} />
        <Route path="/admin" component={Admin} />
        <Route default component={Missing} />
      </Router>
    </Boundary>
  );
}

let scopes: ReadonlySet<string> = new Set();
/** When a session ends, the page stays as it is: what the person may do stays, too. */
function may(scope: string): boolean {
  scopes = session.value?.scopes ?? scopes;
  return scopes.has(scope);
}

/** Partnership managers have no deals of their own. */
const isPartner = () => may("deals.admin") && !may("invites.manage");
const isManager = () => may("invites.manage");
const Home = () => (isPartner() ? <Admin /> : isManager() ? <Deals openSingle /> : <NoManager />);
/** A page of one deal. */
const forManagers = (Page: ComponentType<{ deal: string }>) => (of: { deal: string }) =>
  isManager() ? <Page {...of} /> : <NoManager isPartner={isPartner()} />;
const ManagersSeats = forManagers(SeatsPage);
const ManagersInvite = forManagers(InvitePage);
const ManagersSettings = forManagers(SettingsPage);
const AllDeals = () => (isPartner() ? <Admin /> : isManager() ? <Deals /> : <NoManager />);

function Nav() {
  const { path } = useLocation();
  const current = (pattern: RegExp) => pattern.test(path) && { "aria-current": "page" as const };
  return (
    <nav aria-label="Pages">
      {!isPartner() && (
        <a href="/deals" {...current(/^\/(deals|$)/)}>
          Deals
        </a>
      )}
      {may("deals.admin") && (
        <a href="/admin" {...current(isPartner() ? /^\/(admin|deals)?\/?$/ : /^\/admin/)}>
          Deals admin
        </a>
      )}
    </nav>
  );
}

function Welcome({ failure }: { failure: SignInFailure | undefined }) {
  const problem = useSignal(failure);
  const left = useRef(leftPage()).current;
  const learner = useRef(learnerHere()).current;
  const known = another.value;
  const start = async (prompt?: string) => (problem.value = await enter(prompt));
  return (
    <section class="card">
      <Heading title="Deal seats">Seats and invites for your learning subscription</Heading>
      {left && (
        <Notice tone="warn">
          <strong>You signed out in another tab.</strong>{" "}
          {left.entered &&
            "What you entered here is kept until you close this tab. To go on with it, sign in with the same account."}
        </Notice>
      )}
      {!PAGE.test(location.pathname) && (
        <Notice tone="bad">Page not found. Check the address, or sign in to see your deals.</Notice>
      )}
      <SignInFailed why={problem.value}>
        {hasEntered() && "What you entered here is kept until you close this tab."}
      </SignInFailed>
      {known && (
        <Notice tone="warn">
          <p>
            <strong>
              <Text>{`This browser is signed in as ${known.account}.`}</Text>
            </strong>{" "}
            <Text>
              {`What ${known.before ?? "another account"} entered in this tab is kept until you close the tab. To go on with it, use that account.`}
            </Text>
          </p>
          <button type="button" class="secondary outline small" onClick={() => (removeEntered(), void start())}>
            <Text>{`Remove it and continue as ${known.account}`}</Text>
          </button>
        </Notice>
      )}
      {learner && (
        <Notice>
          <p>
            <Text>{`You are signed in as ${learner.email ?? "a learner"}.`}</Text>
          </p>
          <p class="actions">
            <a class="go" href="/accept" onClick={setAside}>
              See your own seat
            </a>
            <button type="button" class="secondary outline" onClick={() => void signOut()}>
              Sign out
            </button>
          </p>
        </Notice>
      )}
      <p>See how many seats are left, invite people, and see who has accepted.</p>
      <p class="actions">
        {!known && (
          <button type="button" {...(learner && { class: "secondary outline" })} onClick={() => void start()}>
            {learner ? "Manage seats" : "Sign in"}
          </button>
        )}
        <button
          type="button"
          {...(!known && { class: "secondary outline" })}
          onClick={() => void start("select_account")}
        >
          Use another account
        </button>
      </p>
      <p class="soft">
        Were you invited? Open the link in your invitation email.{" "}
        {!learner && (
          <>
            If you have accepted already,{" "}
            <a href="/accept" onClick={setAside}>
              see your own seat
            </a>
            .
          </>
        )}
      </p>
    </section>
  );
}

function SessionOver() {
  const failure = useSignal<SignInFailure | undefined>(undefined);
  const again = async () => (failure.value = await enter());
  return (
    <>
      <Notice tone="bad">
        <p>
          <strong>Your session has ended.</strong> Sign in again to continue. A list of people to invite, reminders and
          the fields of a deal are kept. Other changes that you did not save are lost: note them first.
        </p>
        <button type="button" class="small" onClick={() => void again()}>
          Sign in again
        </button>
      </Notice>
      <SignInFailed why={failure.value} />
    </>
  );
}

function Missing() {
  return (
    <>
      <Heading title="Not found">Page not found</Heading>
      <p>
        <a href="/">Go to your deals</a>
      </p>
    </>
  );
}

// Asks before the page is left, but nobody who has signed out.
addEventListener("beforeunload", (event) => session.value && losesWork() && event.preventDefault());
addEventListener("hashchange", () => leaveForInvitation() || takeUnsubscribeId());
// Before any request or rendering, as on the accept page: a mail filter may have changed the path of a link.
if (leaveForInvitation()) {
  // The accept page is loading.
} else if (takeUnsubscribeId()) {
  render(<UnsubscribePage />, document.getElementById("app")!);
} else {
  tidyAddress();
  leaveTogether();
  showPresence();
  keepPlaces();
  render(<App />, document.getElementById("app")!);
}
