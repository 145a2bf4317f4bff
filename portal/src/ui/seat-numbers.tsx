import type { ComponentChildren } from "preact";
import type { Seats } from "../api";
import { Text } from "./text";

export const number = new Intl.NumberFormat("en-GB").format;

/** `1 person`, `1,200 people`. */
export const people = (count: number) => `${number(count)} ${count === 1 ? "person" : "people"}`;
export const counted = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** `ended`: whether nobody can take a seat any more. */
export function SeatNumbers({
  seats,
  ended,
  children,
}: {
  seats: Seats;
  ended: boolean;
  children?: ComponentChildren;
}) {
  const share = `${seats.allocated} of ${seats.total}`;
  return (
    <section class="seat-numbers" aria-label="Seats">
      <dl>
        <div>
          <dt>Seats</dt>
          <dd>
            <Text>{number(seats.total)}</Text>
          </dd>
        </div>
        <div>
          <dt>Allocated</dt>
          <dd>
            <Text>{number(seats.allocated)}</Text>
          </dd>
        </div>
        <div>
          <dt>{ended ? "Not used" : "Available"}</dt>
          <dd>
            <Text>{number(seats.available)}</Text>
          </dd>
        </div>
      </dl>
      <progress key={share} value={seats.allocated} max={seats.total} aria-label="Seats allocated">
        {share}
      </progress>
      {children}
    </section>
  );
}
