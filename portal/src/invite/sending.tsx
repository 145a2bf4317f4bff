/** Sending, to be watched and stopped, and gone on with. */
import { useEffect, useRef } from "preact/hooks";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure } from "../ui/status";
import { Text } from "../ui/text";
import type { Inviting } from "./inviting";

export function Sending({ inviting }: { inviting: Inviting }) {
  const paused = inviting.stage.value === "paused";
  const stopping = inviting.stopping.value;
  const { value: problem } = inviting.problem;
  const sent = inviting.sent.value.length;
  const left = inviting.due.value.length;
  const said = `${number(sent)} of ${number(sent + left)} sent`;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [paused]);
  useEffect(() => {
    if (sent > 0) announce(said);
  }, [said]);
  return (
    <section class="result" aria-label="Sending">
      <h2 ref={heading} tabIndex={-1}><Text>{!paused ? "Sending invites" : problem ? "Not all could be sent" : "Stopped"}</Text></h2>
      <p>
        <progress value={sent} max={sent + left} aria-label="Invites sent">{said}</progress>
        <Text>{said}</Text>
      </p>
      {paused ? (
        <>
          {problem && problem.code !== "session_over" && <Failure problem={problem} />}
          <p>
            <Text>
              {`What is sent stays sent. ${counted(left, "invite is", "invites are")} left, and kept here. Going on sends nobody a second mail.`}
            </Text>
          </p>
          <p class="actions">
            <button type="button" onClick={() => void inviting.send()}>Go on</button>
            <button type="button" class="secondary outline" onClick={() => inviting.finish()}>Leave it at that</button>
          </p>
        </>
      ) : (
        <p class="actions">
          <button type="button" class="secondary outline" aria-disabled={stopping} onClick={() => inviting.stop()}>
            <Text>{stopping ? "Stopping…" : "Stop"}</Text>
          </button>
          <span class="soft">You may look at other pages meanwhile. Keep this tab open.</span>
        </p>
      )}
    </section>
  );
}
