/** Sending in progress, which can be stopped and continued. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { counted, number } from "../ui/seat-numbers";
import { announce, Failure } from "../ui/status";
import { Text } from "../ui/text";
import { leftOver } from "./draft";
import type { Inviting, Row } from "./inviting";

export function Sending({
  inviting,
  closed,
}: {
  inviting: Inviting;
  /** Whether the deal can't send invites any more. */
  closed: boolean | undefined;
}) {
  const stage = inviting.stage.value;
  const paused = stage === "paused";
  const stopping = inviting.stopping.value;
  const { value: problem } = inviting.problem;
  const sent = inviting.sent.value.length;
  const left = inviting.due.value.length;
  const unsure = inviting.due.value.some(({ earlier }) => earlier);
  const progress = `${number(sent)} of ${number(sent + left)} sent`;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), [stage]);
  useEffect(() => {
    if (sent > 0) announce(progress);
  }, [progress]);
  return (
    <section class="result" aria-label="Sending">
      <h2 ref={heading} tabIndex={-1}>
        <Text>
          {paused
            ? problem
              ? "Not all invites could be sent"
              : "Stopped"
            : stage === "sending"
              ? "Sending invites"
              : "Finding out who was invited"}
        </Text>
      </h2>
      <p>
        <progress value={sent} max={sent + left} aria-label="Invites sent">
          {progress}
        </progress>
        <Text>{progress}</Text>
      </p>
      {paused ? (
        <>
          {problem && problem.code !== "session_over" && <Failure problem={problem} />}
          <p>
            <Text>
              {closed
                ? `${leftOver(inviting.due.value, "was not sent", "were not sent")} Nobody else can be invited to this deal now. After “Finish”, you can copy the rest of your list, or take it to another deal.`
                : `${leftOver(inviting.due.value, "is still to be sent", "are still to be sent")} ${unsure ? "“Continue” first finds out who was invited, and sends the others." : "“Continue” sends them."}`}
            </Text>
          </p>
          <WithoutAnswer rows={inviting.due.value} />
          <p class="actions">
            {!closed && (
              <button type="button" onClick={() => void inviting.send()}>
                Continue
              </button>
            )}
            <button type="button" class={closed ? "" : "secondary outline"} onClick={() => void inviting.finish()}>
              {closed ? "Finish" : "Finish without the rest"}
            </button>
          </p>
        </>
      ) : (
        stage === "sending" && (
          <p class="actions">
            <button type="button" class="secondary outline" aria-disabled={stopping} onClick={() => inviting.stop()}>
              Stop
            </button>
            <span class="soft">
              <Text>
                {stopping
                  ? "Stopping: the invites that are on their way are still sent."
                  : "You can use other pages of Seatkeeper while the invites are sent. Keep this tab open."}
              </Text>
            </span>
          </p>
        )
      )}
    </section>
  );
}

/** Who may have been invited by an attempt without an answer. */
export function WithoutAnswer({ rows }: { rows: Row[] }) {
  const unsure = rows.filter(({ earlier }) => earlier);
  if (unsure.length === 0) return null;
  return (
    <details class="left-out">
      <summary>
        <Text>{`Show the ${counted(unsure.length, "address", "addresses")} without an answer`}</Text>
      </summary>
      <ul>
        {unsure.map(({ id, email }) => (
          <li key={id}>
            <Text>{email}</Text>
          </li>
        ))}
      </ul>
    </details>
  );
}
