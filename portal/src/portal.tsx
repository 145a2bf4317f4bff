/** The portal's entry: sign-in, and the ways between its pages. */
import "./style.css";
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { leaveForInvitation } from "./accept/token";
import { Admin } from "./admin/admin";
import { Deals } from "./deals";
import { InvitePage } from "./invite/invite";
import { SeatsPage } from "./seats/seats";
import { finishSignIn, isReturning, session, sessionOver, signIn, type SignInFailure, tidyAddress, wasSignedIn } from "./session";
import { Frame, Heading } from "./ui/frame";
import { Notice, Waiting } from "./ui/status";

const SCOPES = ["invites.manage", "deals.admin"];

/** The paths of the routes below: people who have not signed in see no route, and are told that no page is there. */
const PAGE = /^\/(admin|deals(\/[^/]+(\/invite)?)?)?\/?$/;

const enter = (prompt?: string) =>
  signIn({ redirectPath: "/", scopes: SCOPES, returnTo: location.pathname + location.search, ...(prompt && { prompt }) });

function App() {
  const arriving = useSignal(true);
  const failure = useSignal<SignInFailure | undefined>(undefined);
  useEffect(() => {
    const arrive = async () => {
      if (isReturning()) failure.value = await finishSignIn("/");
      else if (wasSignedIn()) {
        failure.value = await enter();
        // Without a failure, the issuer's page is on its way.
        if (!failure.value) return;
      }
      arriving.value = false;
    };
    void arrive();
  }, []);
  if (arriving.value) return <Frame><Waiting what="Signing in" /></Frame>;
  // Who was at work keeps the page, and what they typed, until they have signed in again.
  if (!session.value && !sessionOver.value) return <Frame><Welcome failure={failure.value} /></Frame>;
  return (
    <LocationProvider>
      <Frame nav={<Nav />}>
        {sessionOver.value && <SessionOver />}
        <Router>
          <Route path="/" component={Home} />
          <Route path="/deals" component={Deals} />
          <Route path="/deals/:deal" component={SeatsPage} />
          <Route path="/deals/:deal/invite" component={InvitePage} />
          <Route path="/admin" component={Admin} />
          <Route default component={Missing} />
        </Router>
      </Frame>
    </LocationProvider>
  );
}

const may = (scope: string) => session.value?.scopes.has(scope) ?? false;

/** Managers begin with their deals; who only makes deals, with those. */
function Home() {
  return may("deals.admin") && !may("invites.manage") ? <Admin /> : <Deals openSingle />;
}

function Nav() {
  const { path } = useLocation();
  const current = (prefix: string) => (path.startsWith(prefix) ? { "aria-current": "page" as const } : {});
  return (
    <nav aria-label="Pages">
      {(may("invites.manage") || !may("deals.admin")) && <a href="/deals" {...current("/deals")}>Deals</a>}
      {may("deals.admin") && <a href="/admin" {...current("/admin")}>Deals admin</a>}
    </nav>
  );
}

function Welcome({ failure }: { failure: SignInFailure | undefined }) {
  const problem = useSignal(failure);
  const start = async (prompt?: string) => (problem.value = await enter(prompt));
  return (
    <section class="card">
      <Heading title="Deal seats">Seats and invites of your learning subscription</Heading>
      {!PAGE.test(location.pathname) && (
        <Notice tone="bad">There is no such page. Check the address, or sign in to go on to your deals.</Notice>
      )}
      {problem.value === "declined" && <Notice>You did not sign in. Nothing has changed.</Notice>}
      {problem.value === "failed" && (
        <Notice tone="bad">Signing in did not work. Try again; if it goes on, tell whoever runs this site.</Notice>
      )}
      {problem.value === "blocked" && <Blocked />}
      <p>See how many seats are left, invite the people who are to have one, and see who has accepted.</p>
      <p class="actions">
        <button type="button" onClick={() => void start()}>Sign in</button>
        <button type="button" class="secondary outline" onClick={() => void start("select_account")}>Use another account</button>
      </p>
      <p class="soft">Were you invited? Open the link in the mail that you got: it leads to a page of its own.</p>
    </section>
  );
}

/** Signing in leads to another site and back, and something has to be kept meanwhile. */
function Blocked() {
  return (
    <Notice tone="bad">
      This browser blocks site data, and signing in needs it. Allow cookies and site data for {location.host}, then reload
      this page.
    </Notice>
  );
}

function SessionOver() {
  const failure = useSignal<SignInFailure | undefined>(undefined);
  const again = async () => (failure.value = await enter());
  return (
    <>
      <Notice tone="bad">
        <p><strong>Your session is over.</strong> Sign in again to go on; what you have entered is kept.</p>
        <button type="button" class="small" onClick={() => void again()}>Sign in again</button>
      </Notice>
      {failure.value === "failed" && <Notice tone="bad">Signing in did not work. Check your connection, then try again.</Notice>}
      {failure.value === "blocked" && <Blocked />}
    </>
  );
}

function Missing() {
  return (
    <>
      <Heading title="Not found">There is no such page</Heading>
      <p><a href="/">Go to your deals</a></p>
    </>
  );
}

addEventListener("hashchange", leaveForInvitation);
// Before anything is asked for or shown, as on the accept page: a mail filter may have changed the path of a link.
if (!leaveForInvitation()) {
  tidyAddress();
  render(<App />, document.getElementById("app")!);
}
