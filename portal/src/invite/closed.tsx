/** The list of a deal to which nobody can be invited: it can be copied, or taken to another deal. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type Deal, listDeals } from "../api";
import { date } from "../time";
import { useLoad } from "../ui/load";
import { counted } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { CopyText } from "./copy-text";
import { asRecipient, restoreDraft } from "./draft";
import { type Inviting, invitingOf, MOST_ROWS } from "./inviting";

/** Problems after which a deal can't send its list. */
export const CLOSED = new Set(["deal_ended", "deal_not_started", "not_found"]);

export function Closed({ inviting, upcoming = false }: { inviting: Inviting; upcoming?: boolean }) {
  const rows = inviting.unsent.value;
  const text = [...rows.map(asRecipient), inviting.text.value.trim()].filter(Boolean).join("\n");
  return text ? <List {...{ inviting, upcoming, text }} length={rows.length} /> : null;
}

function List({
  inviting,
  upcoming,
  text,
  length,
}: {
  inviting: Inviting;
  upcoming: boolean;
  text: string;
  /** Without the text that was not checked. */
  length: number;
}) {
  const { value: deals } = useLoad("deals", () => listDeals());
  const others = deals?.filter((deal) => deal.id !== inviting.deal && mayTake(deal, length)) ?? [];
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    // What had the focus may have gone.
    if (document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <section class="result" aria-label="Your list">
      <h2 ref={heading} tabIndex={-1}>
        <Text>{length > 0 ? `${counted(length, "row")} not sent` : "Your list was not checked"}</Text>
      </h2>
      <p>
        <Text>
          {`${upcoming ? "Your list can be sent here once the deal has started." : "Your list can’t be sent here any more."} ${others.length > 0 ? "You can copy it, or take it to another deal." : "You can copy it."}`}
        </Text>
      </p>
      <CopyText label="Your list" text={text} rows={Math.min(Math.max(text.split("\n").length, 2), 12)} />
      {others.length > 0 && <Move inviting={inviting} deals={others} />}
    </section>
  );
}

function Move({ inviting, deals }: { inviting: Inviting; deals: Deal[] }) {
  const { route } = useLocation();
  const [chosen, setChosen] = useState(deals[0]!.id);
  const [only, another] = deals;
  const move = (deal: string) => {
    void invitingOf(deal).takeOver(inviting);
    route(`/deals/${deal}/invite`);
  };
  if (!another)
    return (
      <p class="actions">
        <button type="button" onClick={() => move(only!.id)}>
          <Text>{`Take the list to ${only!.name}`}</Text>
        </button>
        <span class="soft">It is checked there. Nothing is sent yet.</span>
      </p>
    );
  return (
    <form class="actions" onSubmit={(event) => (event.preventDefault(), move(chosen))}>
      <label>
        Another deal
        <select value={chosen} onChange={({ currentTarget: { value } }) => setChosen(value)}>
          {deals.map(({ id, name, endsAt }) => (
            <option key={id} value={id}>
              {`${name}, until ${date(endsAt)}`}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Take the list there</button>
      <span class="soft">It is checked there. Nothing is sent yet.</span>
    </form>
  );
}

/** Whether a deal can send a list, and is not sending one of its own. */
function mayTake({ id, state }: Deal, length: number): boolean {
  const { rows, stage } = restoreDraft(id);
  return state === "active" && stage === undefined && rows.length + length <= MOST_ROWS;
}
