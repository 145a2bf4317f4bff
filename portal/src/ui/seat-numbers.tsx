import type { Seats } from "../api";

export const number = new Intl.NumberFormat("en-GB").format;

/** `1 person`, `1,200 people`. */
export const people = (count: number) => `${number(count)} ${count === 1 ? "person" : "people"}`;
export const counted = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Seats, allocated, available, large, with a bar. */
export function SeatNumbers({ seats }: { seats: Seats }) {
  return (
    <section class="seat-numbers" aria-label="Seats">
      <dl>
        <div><dt>Seats</dt><dd>{number(seats.total)}</dd></div>
        <div><dt>Allocated</dt><dd>{number(seats.allocated)}</dd></div>
        <div><dt>Available</dt><dd>{number(seats.available)}</dd></div>
      </dl>
      <progress value={seats.allocated} max={seats.total} aria-label="Seats allocated">
        {seats.allocated} of {seats.total}
      </progress>
    </section>
  );
}
