import { useEffect, useState } from "preact/hooks";
import { dateTime, fromNow } from "../time";

/** The time, renewed each half minute. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Date, time and zone, with how long ago beside it. */
export function When({ time, now }: { time: string; now: number }) {
  return (
    <span class="when">
      <time dateTime={time}>{dateTime(time)}</time> <span class="soft">{fromNow(time, now)}</span>
    </span>
  );
}
