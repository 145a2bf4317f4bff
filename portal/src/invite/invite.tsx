/** The Invite people page: paste, check, send, result. */
import "./invite.css";
import { useEffect, useRef } from "preact/hooks";
import { type Counts, getCounts, listSeats, type Seats } from "../api";
import { DealHead } from "../seats/deal-head";
import { Ending, endsSoon } from "../seats/ending";
import { Missing } from "../seats/seats";
import { Heading } from "../ui/frame";
import { useLoad } from "../ui/load";
import { Failure, Waiting } from "../ui/status";
import { useNow } from "../ui/when";
import { CheckList } from "./check-list";
import { CLOSED, Closed } from "./closed";
import { Entry } from "./entry";
import { forget, type Inviting, invitingOf } from "./inviting";
import { MailHelp } from "./mail-help";
import { Result } from "./result";
import { Sending } from "./sending";

export function InvitePage({ deal }: { deal: string }) {
  return <Invite key={deal} deal={deal} />;
}

function Invite({ deal }: { deal: string }) {
  const inviting = invitingOf(deal);
  const stage = inviting.stage.value;
  const now = useNow();
  const {
    value: head,
    problem,
    reload,
  } = useLoad(deal, async () => {
    // Only the deal is needed, not its invites.
    const [page, counts] = await Promise.all([listSeats(deal, { limit: 1 }), getCounts(deal)]);
    return { ...page, counts, at: Date.now() };
  });
  const refusal = inviting.problem.value?.code ?? "";
  /** The deal as it was loaded before the API refused: it may have been extended since. */
  const before = useRef(head);
  if (!CLOSED.has(refusal)) before.current = head;
  const isPast = head !== undefined && now >= Date.parse(head.deal.endsAt);
  const closed = head && (head.deal.state !== "active" || (CLOSED.has(refusal) && head === before.current));
  useEffect(() => {
    if (stage === "done" || isPast || CLOSED.has(refusal)) void reload();
  }, [stage, isPast, refusal]);
  useLeaving(inviting);
  if (problem?.code === "not_found")
    return (
      <>
        <Missing />
        <Closed inviting={inviting} />
      </>
    );
  return (
    <>
      <p>
        <a class="alone" href={`/deals/${deal}`}>
          ‹ Deal seats{head && `: ${head.deal.name}`}
        </a>
      </p>
      <Heading title="Invite people">Invite people</Heading>
      {head ? (
        <>
          <DealHead deal={head.deal} seats={head.seats} counts={head.counts} {...(problem && { asOf: head })} />
          {endsSoon(head.deal, now) && <Ending deal={head.deal} now={now} inviting />}
          {stage === "draft" &&
            (closed ? (
              <Closed inviting={inviting} upcoming={head.deal.state === "upcoming"} />
            ) : (
              <Listing inviting={inviting} seats={head.seats} counts={head.counts} />
            ))}
          {stage !== "draft" && stage !== "done" && <Sending inviting={inviting} closed={closed} />}
          {stage === "done" && <Result inviting={inviting} full={head.seats.available === 0} closed={closed} />}
          <MailHelp />
        </>
      ) : problem ? (
        problem.code === "session_over" || <Failure problem={problem} reload={() => void reload()} />
      ) : (
        <Waiting what="Loading the deal" />
      )}
    </>
  );
}

function Listing(props: { inviting: Inviting; seats: Seats; counts: Counts }) {
  const summary = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A field that is being edited changes its row when it loses the focus.
    const commit = () => document.activeElement instanceof HTMLElement && document.activeElement.blur();
    addEventListener("pagehide", commit);
    return () => removeEventListener("pagehide", commit);
  }, []);
  return (
    <>
      <Entry inviting={props.inviting} onChecked={() => summary.current?.focus()} />
      <CheckList {...props} heading={summary} />
    </>
  );
}

/** A finished result ends when the page is left. */
function useLeaving(inviting: Inviting) {
  useEffect(() => {
    return () => {
      if (inviting.stage.value === "done") forget(inviting.deal);
    };
  }, [inviting]);
}
