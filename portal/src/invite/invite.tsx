/** The Invite people page: paste, check, send, result. */
import "./invite.css";
import { useEffect, useRef } from "preact/hooks";
import { type Counts, type Deal, type DealWithSeats, getCounts, listDeals, listSeats, type Seats } from "../api";
import { DealHead } from "../seats/deal-head";
import { endsSoon, successorOf } from "../seats/ending";
import { Missing } from "../seats/seats";
import { fromNow, instant } from "../time";
import { Heading } from "../ui/frame";
import { useLoad } from "../ui/load";
import { Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import { CheckList } from "./check-list";
import { Entry } from "./entry";
import { type Inviting, invitingOf } from "./inviting";
import { MailHelp } from "./mail-help";
import { Result } from "./result";
import { Sending } from "./sending";

export function InvitePage({ deal }: { deal: string }) {
  return <Invite key={deal} deal={deal} />;
}

function Invite({ deal }: { deal: string }) {
  const inviting = invitingOf(deal);
  const stage = inviting.stage.value;
  const {
    value: head,
    problem,
    reload,
  } = useLoad(deal, async () => {
    // Only the deal is needed, not its invites.
    const [page, counts] = await Promise.all([listSeats(deal, { limit: 1 }), getCounts(deal)]);
    return { ...page, counts, at: Date.now() };
  });
  useEffect(() => {
    if (stage === "done") void reload();
  }, [stage]);
  useLeaving(inviting);
  if (!head && problem?.code === "not_found") return <Missing />;
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
          <DealHead deal={head.deal} seats={head.seats} counts={head.counts} {...(problem && { asOf: head.at })} />
          <EndsSoon deal={head.deal} />
          {stage === "draft" && head.deal.state === "active" && (
            <Listing inviting={inviting} seats={head.seats} counts={head.counts} />
          )}
          {(stage === "sending" || stage === "paused") && <Sending inviting={inviting} />}
          {stage === "done" && <Result inviting={inviting} full={head.seats.available === 0} />}
          <MailHelp />
        </>
      ) : problem ? (
        problem.code === "session_over" || <Failure problem={problem} retry={() => void reload()} />
      ) : (
        <Waiting what="Loading the deal" />
      )}
    </>
  );
}

/** Says that a deal ends soon, with the way to invite to its successor instead. */
function EndsSoon({ deal }: { deal: Deal }) {
  const now = useNow();
  const { value } = useLoad(deal.id, async () => (endsSoon(deal, Date.now()) ? listDeals() : []));
  if (!endsSoon(deal, now)) return null;
  const next = value && successorOf(deal, value);
  const isOpen = next?.state === "active" && next.seats.available > 0;
  return (
    <Notice tone="warn">
      <p>
        <Text>{`This deal ends ${fromNow(deal.endsAt, now)}, on ${instant(deal.endsAt)}. People who accept have a seat until then.`}</Text>{" "}
        {value && !isOpen && <Text>{wayOn(next)}</Text>}
      </p>
      {isOpen && (
        <p class="actions">
          <Text>{`${next.name} runs until ${instant(next.endsAt)}.`}</Text>
          <a href={`/deals/${next.id}/invite`}>Invite people there instead</a>
        </p>
      )}
    </Notice>
  );
}

/** What to do while nobody can be invited to the next deal. */
function wayOn(next: DealWithSeats | undefined): string {
  if (!next) return "Ask your partnership manager for a new deal, so that your learners can go on.";
  if (next.state === "upcoming") return `You can invite people to ${next.name} from ${instant(next.startsAt)}.`;
  return `Every seat of ${next.name} is taken: ask your partnership manager for more.`;
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

/** Asks before the browser leaves during sending. Clears a finished result when the page is left. */
function useLeaving(inviting: Inviting) {
  useEffect(() => {
    const ask = (event: Event) => {
      if (inviting.stage.value === "sending") event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => {
      removeEventListener("beforeunload", ask);
      if (inviting.stage.value === "done") inviting.clear();
    };
  }, [inviting]);
}
