import { useEffect, useState } from "preact/hooks";
import { ago, dateTime, fromNow, instant } from "../time";
import { Text } from "./text";

/** The current time, updated every 30 seconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** When something happened, and how long ago. `ends`: when something will end, or `ended`. */
export function When({ time, now, ends }: { time: string; now: number; ends?: true | "ended" }) {
  return (
    <span class="when">
      <time dateTime={time}>
        <Text>{ends ? instant(time) : dateTime(time)}</Text>
      </time>{" "}
      <span class="soft">
        <Text>{ends === true ? fromNow(time, now) : ago(time, now)}</Text>
      </span>
    </span>
  );
}
