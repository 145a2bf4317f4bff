/** What failed, and what to do. */
import type { Problem } from "../api";
import { Focus } from "../ui/focus";
import { Countdown, Failure, Notice, useRetry } from "../ui/status";
import { type Answer, type Found, isOver } from "./found";
import { wordsFor } from "./words";

/** An answer that failed. */
export interface Failed {
  problem: Problem;
  of: Answer | "accept";
  /** What the button says. */
  label: string;
  /** Whether it is known that the answer had no effect. */
  isVoid: boolean;
  /** Whether it was a no to an invite that had been accepted. */
  isLateNo: boolean;
}

/** Whether the page says the same as a refusal. */
export const isTold = (code: string, { preview, obstacle }: Found) =>
  code === obstacle ||
  (isOver(code) && isOver(obstacle)) ||
  (code === "already_accepted" && preview?.status === "accepted");

/** A refusal that may pass with time or with another account. `failed`: the answer that it is a refusal of. */
export function Refusal({
  problem,
  failed,
  retry,
  onAgain,
}: {
  problem: Problem;
  failed?: Failed;
  retry?: () => void;
  onAgain?: () => void;
}) {
  const { title, text } = wordsFor(problem.code);
  const when = useRetry(problem, retry);
  return (
    <Focus>
      <Notice tone="bad">
        <p>
          <strong>{title}.</strong>{" "}
          {failed && problem.temporary && `“${failed.label}” ${failed.isVoid ? "has not" : "may have"} gone through.`}{" "}
          {failed?.of === "ask" && problem.code === "deal_not_started"
            ? "After the start, open the link in the newest email, or ask here."
            : text}{" "}
          <Countdown>{when}</Countdown>
        </p>
        {onAgain && (
          <button type="button" class="small" onClick={onAgain}>
            Try again
          </button>
        )}
      </Notice>
    </Focus>
  );
}

/** Says that the learner's seats cannot be read. */
export const Unread = ({ problem, reload }: { problem: Problem; reload: () => void }) => (
  <Focus key={problem}>
    <Failure problem={problem} text="We don’t know whether you have a seat." reload={reload} />
  </Focus>
);
