import { afterEach, expect, it, vi } from "vitest";
import type { Filter } from "../api";
import { INVITE } from "../sample";
import { actionsOnOne } from "./one";
import type { Open } from "./open";
import { Work } from "./work";

afterEach(() => vi.unstubAllGlobals());

it.each<[status: Filter | undefined, searched: boolean, isFound: boolean]>([
  [undefined, false, false],
  ["pending", false, false],
  [undefined, true, true],
  ["undelivered", false, true],
])(
  "a corrected row that may leave the list is found by a link: %s, searched: %s",
  async (status, searched, isFound) => {
    const now = { ...INVITE, id: "new", email: "anna@example.com" };
    vi.stubGlobal("fetch", async () => Response.json(now));
    const work = new Work("d");
    const list = { value: undefined, update: () => {} };
    const open = { deal: "d", work, status, searched, list, seats: {}, gone: () => {} } as unknown as Open;
    const actions = actionsOnOne(open, { pick: () => {}, find: () => {}, again: () => {} });
    await actions.correct(INVITE, { email: now.email }, () => true);
    const text = expect.stringContaining(`ann@example.com is corrected to ${now.email}.`);
    expect(work.message.value).toEqual({ tone: "good", text, ofList: true, ...(isFound && { find: now.email }) });
  },
);
