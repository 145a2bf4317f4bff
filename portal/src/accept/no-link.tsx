/** The page without a link that works: the learner’s seats, and the ways on. */
import { hasLeft, type SignInFailure, session } from "../session";
import { dateTime, instant } from "../time";
import { useLoad } from "../ui/load";
import { StartLearning } from "../ui/start-learning";
import { Notice, Waiting } from "../ui/status";
import { SignIn } from "./enter";
import { Account } from "./facts";
import { Heading } from "./heading";
import { ownSeats } from "./look";
import { Paste } from "./paste";
import { Unread } from "./refusal";
import { askForNext, wordsFor } from "./words";

/**
 * The ways on without a link that works. `code`: why the link does not work, if there was one. `failed`: why sign-in failed, if
 * it did.
 */
export function NoLink({ code, failed }: { code: string | undefined; failed: SignInFailure | undefined }) {
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
      {!session.value && (hasLeft() || problem) && (
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
