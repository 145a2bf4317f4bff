/** What goes on at another page: one line with its progress, its end, and the way to it. */
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { number } from "./seat-numbers";
import { announce } from "./status";
import { Text } from "./text";

interface Progress {
  /** As in “Resending”. */
  what: string;
  done: number;
  /** Undefined: not known. */
  total?: number | undefined;
}
interface Work extends Progress {
  ended?: true;
}

/** By the path of its page. */
export const ongoing = signal<ReadonlyMap<string, Work>>(new Map());
let here = "";
const names = new Map<string, string>();

/** The line names the deal. */
export const nameDeal = (deal: string, name: string) => void names.set(deal, name);

function change(path: string, work: Work | undefined) {
  const all = new Map(ongoing.peek());
  if (work) all.set(path, work);
  else if (!all.delete(path)) return;
  ongoing.value = all;
}

/** Shows how far the work of a page is. Without progress, it has ended. */
export function goesOn(path: string, progress: Progress | undefined) {
  const before = ongoing.peek().get(path);
  if (progress) return change(path, progress);
  if (!before || before.ended) return;
  if (path === here) return change(path, undefined);
  change(path, { ...before, ended: true });
  announce(wordsOf(path, { ...before, ended: true }));
}

/** The person is at this page, which shows its own work. */
export function visit(path: string) {
  here = path;
  if (ongoing.peek().get(path)?.ended) change(path, undefined);
}

/** `Unlimited: resending, 50 of 60 done` */
export function wordsOf(path: string, { what, done, total, ended }: Work): string {
  const name = names.get(path.split("/")[2] ?? "") ?? "Another deal";
  const count = `${number(done)}${total === undefined ? "" : ` of ${number(total)}`} done`;
  return `${name}: ${what.toLowerCase()}${ended ? " has ended" : ""}, ${count}.`;
}

export function Ongoing() {
  const { path } = useLocation();
  useLayoutEffect(() => visit(path), [path]);
  return [...ongoing.value]
    .filter(([of]) => of !== path)
    .map(([of, work]) => (
      <p key={of} class="ongoing">
        {!work.ended && (
          <progress
            max={work.total ?? 1}
            {...(work.total !== undefined && work.done <= work.total && { value: work.done })}
            aria-label={work.what}
          />
        )}
        <Text>{wordsOf(of, work)}</Text>{" "}
        <a class="alone" href={of}>
          {work.ended ? "See the result" : "Go there"}
        </a>
        {work.ended && (
          <button type="button" class="plain" onClick={() => change(of, undefined)} aria-label="Dismiss">
            ×
          </button>
        )}
      </p>
    ));
}
