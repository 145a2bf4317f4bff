/** The manager's deals. */

import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type Deal, type DealWithSeats, listDeals } from "./api";
import { Digest } from "./digest";
import { Unsent } from "./invite/unsent";
import { endsSoon } from "./seats/ending";
import { NoManager } from "./sign-in";
import { dateTime, fromNow, instant, unbroken } from "./time";
import { Heading } from "./ui/frame";
import { FRESH, useLoad, useReturn } from "./ui/load";
import { number } from "./ui/seat-numbers";
import { Failure, Waiting } from "./ui/status";
import { Text } from "./ui/text";
import { useNow } from "./ui/when";

export const STATES = { upcoming: "Upcoming", active: "Active", ended: "Ended" };

export function DealState({ deal }: { deal: Deal }) {
  const now = useNow();
  const soon = endsSoon(deal, now);
  return (
    <span class={`state ${soon ? "expired" : deal.state}`}>
      <Text>{soon ? unbroken(`Ends ${fromNow(deal.endsAt, now)}`) : STATES[deal.state]}</Text>
    </span>
  );
}

/** With `openSingle`, an only deal is opened instead of listed. */
export function Deals({ openSingle }: { openSingle?: boolean }) {
  const { value, problem, reload } = useLoad("deals", async () => ({ deals: await listDeals(), at: Date.now() }));
  const deals = value?.deals;
  useReturn(() => value && Date.now() - value.at > FRESH && void reload());
  const { route } = useLocation();
  const single = openSingle && deals?.length === 1 ? deals[0] : undefined;
  useEffect(() => {
    if (single) route(`/deals/${single.id}`, true);
  }, [single]);
  if (single) return <Waiting what="Opening the deal" />;
  if (problem?.status === 403) return <NoManager />;
  return (
    <>
      <Heading title="Deals">Deals</Heading>
      {!value || !deals ? (
        problem ? (
          <Failure problem={problem} reload={() => void reload()} />
        ) : (
          <Waiting what="Loading deals" />
        )
      ) : (
        <>
          {problem && (
            <p class="soft" role="status">
              <Text>{`All numbers are as of ${dateTime(new Date(value.at).toISOString())}. They could not be refreshed.`}</Text>
            </p>
          )}
          {deals.map((deal) => (
            <Unsent key={deal.id} deal={deal} />
          ))}
          <DealList deals={deals} />
          {deals.length > 0 && <Digest />}
        </>
      )}
    </>
  );
}

function DealList({ deals }: { deals: DealWithSeats[] }) {
  if (deals.length === 0) {
    return <p>Your organisation has no deals yet. A deal appears here when your partnership manager creates it.</p>;
  }
  return (
    <table class="rows" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Deal
          </th>
          <th role="columnheader" scope="col" class="figure">
            Seats
          </th>
          <th role="columnheader" scope="col" class="figure">
            Allocated
          </th>
          <th role="columnheader" scope="col" class="figure">
            Available
          </th>
          <th role="columnheader" scope="col">
            From – to
          </th>
          <th role="columnheader" scope="col">
            State
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {deals.map((deal) => (
          <tr role="row" key={deal.id}>
            <th role="rowheader" scope="row">
              <a class="alone" href={`/deals/${deal.id}`}>
                {deal.name}
              </a>
              {deal.state !== "ended" && (
                <div>
                  {deal.state === "active" && (
                    <>
                      <a class="alone small" href={`/deals/${deal.id}/invite`}>
                        Invite people<span class="visually-hidden"> to {deal.name}</span>
                      </a>
                      {" · "}
                    </>
                  )}
                  <a class="alone small" href={`/deals/${deal.id}/settings`}>
                    Reminders<span class="visually-hidden"> of {deal.name}</span>
                  </a>
                </div>
              )}
            </th>
            <td role="cell" class="figure" data-label="Seats">
              {number(deal.seats.total)}
            </td>
            <td role="cell" class="figure" data-label="Allocated">
              {number(deal.seats.allocated)}
            </td>
            <td role="cell" class="figure" data-label="Available">
              {deal.state === "ended" ? "–" : number(deal.seats.available)}
            </td>
            <td role="cell" data-label="From – to">
              <span>
                <span class="unbroken">{instant(deal.startsAt)} –</span>{" "}
                <span class="unbroken">{instant(deal.endsAt)}</span>
              </span>
            </td>
            <td role="cell" data-label="State">
              <span>
                <DealState deal={deal} />{" "}
                {deal.state === "active" && deal.seats.available === 0 && <span class="state expired">Full</span>}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
