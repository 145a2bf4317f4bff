/** Takes the people of another deal into the list, such as last year's. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type DealWithSeats, listDeals, type Problem } from "../api";
import { date } from "../time";
import { asProblem, useLoad } from "../ui/load";
import { number, people } from "../ui/seat-numbers";
import { announce, Failure, Notice, Waiting } from "../ui/status";
import { isolated, Text } from "../ui/text";
import { type Learners, learnersOf, sourcesFor } from "./learners";

export function FromDeal({
  deal,
  from,
  onTaken,
  onClose,
}: {
  /** The deal to invite to. */
  deal: string;
  /** The deal whose people are added without a question. */
  from: string | undefined;
  onTaken: (learners: Learners, from: DealWithSeats) => Promise<void>;
  onClose: () => void;
}) {
  const { value, problem, reload } = useLoad("deals", () => listDeals());
  const deals = value && sourcesFor(deal, value, Date.now());
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <section class="question" aria-label="From another deal">
      <h2 ref={heading} tabIndex={-1}>
        Invite the people of another deal
      </h2>
      {deals && deals.length > 0 ? (
        <Choose deals={deals} from={from} onTaken={onTaken} onClose={onClose} />
      ) : (
        <>
          {deals ? (
            <p>Your organisation has no other deal.</p>
          ) : problem ? (
            <Failure problem={problem} reload={() => void reload()} />
          ) : (
            <Waiting what="Loading deals" rows={1} />
          )}
          <p class="actions">
            <button type="button" class="secondary outline" onClick={onClose}>
              Close
            </button>
          </p>
        </>
      )}
    </section>
  );
}

function Choose({
  deals,
  from,
  onTaken,
  onClose,
}: {
  deals: DealWithSeats[];
  from: string | undefined;
  onTaken: (learners: Learners, from: DealWithSeats) => Promise<void>;
  onClose: () => void;
}) {
  const meant = deals.find(({ id }) => id === from);
  const [id, setId] = useState((meant ?? deals[0]!).id);
  const [ticked, setTicked] = useState<boolean>();
  const [progress, setProgress] = useState<{ loaded: number; total: number }>();
  const [failure, setFailure] = useState<Problem>();
  const stopped = useRef(false);
  // Leaving the page stops the walk.
  useEffect(() => () => void (stopped.current = true), []);
  const select = useId();
  const chosen = deals.find((deal) => deal.id === id)!;
  // Where nobody has a seat, there is nobody else to add.
  const withPending = ticked ?? chosen.seats.allocated === 0;
  const words = progress && `${number(progress.loaded)} of ${number(progress.total)} people read`;
  const take = async (event?: Event) => {
    event?.preventDefault();
    if (progress) return;
    stopped.current = false;
    setFailure(undefined);
    setProgress({ loaded: 0, total: chosen.seats.allocated });
    announce("Reading the deal");
    try {
      const learners = await learnersOf(
        id,
        withPending,
        (loaded, total) => setProgress({ loaded, total: Math.max(total, loaded) }),
        () => stopped.current,
      );
      if (learners) await onTaken(learners, chosen);
    } catch (error) {
      setFailure(asProblem(error));
    } finally {
      setProgress(undefined);
    }
  };
  useEffect(() => {
    if (meant && meant.seats.allocated > 0) void take();
  }, []);
  return (
    <form onSubmit={(event) => void take(event)}>
      <div class="choices">
        <div>
          <label for={select}>Deal</label>
          <select id={select} value={id} onChange={({ currentTarget: { value } }) => setId(value)}>
            {deals.map(({ id, name, endsAt, state, seats }) => (
              <option key={id} value={id}>
                {`${isolated(name)}: ${people(seats.allocated)} with a seat, ${state === "ended" ? "ended" : "ends"} on ${date(endsAt)}`}
              </option>
            ))}
          </select>
        </div>
      </div>
      <p class="soft">
        <Text>{holders(chosen.seats.allocated)}</Text> The people you add are checked and listed below, where you can
        remove any of them. Nothing is sent yet.
      </p>
      <fieldset>
        <label>
          <input
            type="checkbox"
            checked={withPending}
            onChange={({ currentTarget }) => setTicked(currentTarget.checked)}
          />
          <span>Also add people whose invite there is pending</span>
        </label>
      </fieldset>
      <p class="actions">
        <button type="submit" aria-disabled={progress !== undefined} aria-busy={progress !== undefined}>
          Add people
        </button>
        <button type="button" class="secondary outline" onClick={onClose}>
          Close
        </button>
      </p>
      <div class="message">
        {progress && (
          <Notice>
            <p>
              <Text>{words ?? ""}</Text>
            </p>
            <progress value={progress.loaded} max={Math.max(progress.total, 1)} aria-label="People read">
              {words}
            </progress>
            <p class="actions">
              <button type="button" class="secondary outline small" onClick={() => (stopped.current = true)}>
                Stop
              </button>
            </p>
          </Notice>
        )}
        {failure && (
          <Failure
            problem={failure}
            text="Nobody was added."
            reload={() => void take()}
            onClose={() => setFailure(undefined)}
          />
        )}
      </div>
    </form>
  );
}

const holders = (count: number) =>
  count === 0
    ? "Nobody has a seat there, so only people whose invite is pending can be added."
    : `${people(count)} ${count === 1 ? "has" : "have"} a seat there.`;
