/** What an action does at the moment, and how the last one ended. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Invite } from "../api";
import { number } from "../ui/seat-numbers";
import { Failure, Notice } from "../ui/status";
import { Text } from "../ui/text";
import type { Bulk } from "./bulk";
import { After, Unfinished } from "./many";
import type { DealState } from "./words";
import type { Work } from "./work";

/** Moves the focus to a message, and back once it is closed. */
export function useMessageFocus({ message: { value: message }, run, unfinished: { value } }: Work) {
  const unfinished = run.value ? undefined : value;
  /** The row that follows the one that has gone, or else the one before it. */
  const neighbour = useRef<string>(undefined);
  const place = useRef<HTMLDivElement>(null);
  /** What had the focus when the message came. */
  const focused = useRef<Element>(null);
  /** Of a row that has gone, the focus moves to its neighbour; without one, to the message. */
  const focusNeighbour = (options?: FocusOptions) =>
    (document.getElementById(`row-${neighbour.current}`) ?? place.current)?.focus(options);
  useLayoutEffect(() => {
    if (!message && !unfinished) return;
    if (document.activeElement === document.body) focusNeighbour();
    focused.current = document.activeElement;
  }, [message, unfinished]);
  /** A message that was closed gives the focus back. A mouse leaves the page where it is. */
  const dismissed = (event?: MouseEvent) => {
    if (!event) return;
    const options = { preventScroll: event.detail > 0 };
    if (focused.current instanceof HTMLElement && focused.current.isConnected) focused.current.focus(options);
    else focusNeighbour(options);
  };
  return { place, neighbour, dismissed };
}

export function Messages({
  work,
  focus: { place, dismissed },
  dealState,
  againAfter,
  onAgain,
  onFind,
  onContinue,
}: {
  work: Work;
  focus: ReturnType<typeof useMessageFocus>;
  dealState: DealState;
  /** Who can be invited again after an action. */
  againAfter: (bulk: Bulk) => Invite[];
  onAgain: (rows: Invite[]) => void;
  onFind: (email: string) => void;
  onContinue: (bulk: Bulk) => void;
}) {
  const [message, run] = [work.message.value, work.run.value];
  const unfinished = run ? undefined : work.unfinished.value;
  const close = (event?: MouseEvent) => {
    work.message.value = undefined;
    dismissed(event);
  };
  const leave = (event?: MouseEvent) => {
    work.unfinished.value?.bulk.leave();
    work.unfinished.value = undefined;
    dismissed(event);
  };
  return (
    <div class="message" aria-live="polite" tabIndex={-1} ref={place}>
      {run && (
        <Notice>
          <p>
            <Text>{`${run.what}: ${number(run.done)}${run.total === undefined ? "" : ` of ${number(run.total)}`}`}</Text>
          </p>
          <progress
            max={run.total ?? 1}
            {...(run.total !== undefined && run.done <= run.total && { value: run.done })}
            aria-label={run.what}
          />
          <p class="actions">
            <button
              type="button"
              class="secondary outline small"
              aria-disabled={!!run.stopping}
              onClick={() => work.stop()}
            >
              Stop
            </button>
            {run.stopping && <span class="soft">Stopping: what is on its way still comes to its end.</span>}
          </p>
        </Notice>
      )}
      {unfinished && (
        <Unfinished
          {...unfinished}
          after={{ again: againAfter(unfinished.bulk), dealState, onAgain }}
          onContinue={() => onContinue(unfinished.bulk)}
          onClose={leave}
        />
      )}
      {message &&
        ("problem" in message ? (
          <Failure {...message} onClose={close} />
        ) : (
          <Notice tone={message.tone} onClose={close}>
            <p>
              <Text>{message.text}</Text>
            </p>
            <After {...message} {...{ dealState, onAgain }} />
            {message.find && (
              <p>
                <button type="button" class="link" onClick={() => onFind(message.find!)}>
                  <Text>{`Go to the invite to ${message.find}`}</Text>
                </button>
              </p>
            )}
          </Notice>
        ))}
    </div>
  );
}
