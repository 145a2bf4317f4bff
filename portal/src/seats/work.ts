/**
 * What the manager's actions on a deal's invites do at the moment, and how the last one ended. Both belong to the deal: an
 * action goes on while another tab or page is open, and its end is told where the manager is then.
 */
import { effect, signal } from "@preact/signals";
import type { Invite, Problem } from "../api";
import type { Loaded } from "../ui/load";
import { goesOn } from "../ui/ongoing";
import { type Bulk, interrupted } from "./bulk";
import type { Listed } from "./whole";

/**
 * The message after an action. `again`: who can be invited again. `find`: the address of an invite that may not be in the list.
 * `ofList`: on a row or a list, so that another list or search ends it.
 */
export type Message = { ofList?: true } & (
  | { tone: "good" | "bad" | "plain"; text: string; results?: Bulk["results"]; again?: Invite[]; find?: string }
  | { problem: Problem; text?: string; retry?: () => void }
);

/** An action on many invites, in progress. `ofList`: it loads the list that is shown, so that another one ends it. */
export interface Run {
  what: string;
  done: number;
  /** How many invites there are, if that is known. */
  total: number | undefined;
  ofList?: true;
  /** Whether the manager stopped it: the request that is on its way still comes to its end. */
  stopping?: true;
}

/** The list that is shown now. */
interface Shown {
  list: Loaded<Listed>;
  /** The manager changed an invite, or took it off the list. */
  onMove: (before: Invite, after: Invite | undefined) => void;
  /** Somebody else changed an invite, or may have. */
  onStale: () => void;
  /** An action on many invites ended: the lists show it soon. */
  onDone: () => void;
}

export class Work {
  readonly message = signal<Message>();
  readonly run = signal<Run>();
  /** An action on many invites that failed, was stopped, or that a reload interrupted: the manager continues or leaves it. */
  readonly unfinished = signal<{ bulk: Bulk; problem?: Problem }>();
  /** Whether the manager stopped the action on many invites. */
  stopped = false;
  /** Rows with a request in progress. */
  readonly busy = signal<ReadonlySet<string>>(new Set());
  /** Actions on one invite whose answer was lost. */
  readonly lost = new Set<string>();
  /** The address to whose row a link leads. */
  sought: string | undefined;
  /** Undefined while another page is open. */
  shown: Shown | undefined;

  constructor(deal: string) {
    effect(() => {
      const run = this.run.value;
      if (!run?.ofList) goesOn(`/deals/${deal}`, run);
    });
  }

  stop() {
    this.stopped = true;
    if (this.run.value) this.run.value = { ...this.run.value, stopping: true };
  }

  /** Ends what is only about the list that was shown, and a message that has been read. */
  leaveList() {
    if (this.run.value?.ofList) this.stopped = true;
    const message = this.message.value;
    if (message?.ofList || (message && "tone" in message && message.tone === "good")) this.message.value = undefined;
  }
}

const works = new Map<string, Work>();

export function workOn(deal: string): Work {
  let work = works.get(deal);
  if (!work) {
    works.set(deal, (work = new Work(deal)));
    const bulk = interrupted(deal);
    if (bulk) work.unfinished.value = { bulk };
  }
  return work;
}
