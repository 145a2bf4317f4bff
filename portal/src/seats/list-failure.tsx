import type { Problem } from "../api";
import { Failure, Notice } from "../ui/status";

/** Why there is no list. The address may hold an old or mistyped cursor, for which a retry does not help. */
export function ListFailure({
  problem,
  onFirst,
  reload,
}: {
  problem: Problem;
  onFirst: (() => void) | undefined;
  reload: () => void;
}) {
  if (problem.code !== "invalid_request" || !onFirst) return <Failure problem={problem} reload={reload} />;
  return (
    <Notice>
      <p>
        This page of the list no longer exists.{" "}
        <button type="button" class="link" onClick={onFirst}>
          Go to the first page
        </button>
      </p>
    </Notice>
  );
}
