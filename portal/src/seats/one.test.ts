import { afterEach, expect, it, vi } from "vitest";
import type { Filter, Invite } from "../api";
import { INVITE } from "../sample";
import { actionsOnOne } from "./one";
import type { Open } from "./open";
import { Work } from "./work";

afterEach(() => vi.unstubAllGlobals());

function actionsIn(change: Partial<Open>) {
  const list = { value: undefined, update: () => {} };
  const open = { deal: "d", list, seats: {}, dealState: {}, gone: () => {}, ...change } as unknown as Open;
  return actionsOnOne(open, { pick: () => {}, find: () => {}, again: () => {} });
}

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
    const actions = actionsIn({ work, status, searched });
    await actions.correct(INVITE, { email: now.email }, () => true);
    const text = expect.stringContaining(`ann@example.com is corrected to ${now.email}.`);
    expect(work.message.value).toEqual({ tone: "good", text, ofList: true, ...(isFound && { find: now.email }) });
  },
);

it.each<[delivery: Partial<Invite["delivery"]>, lifts: string]>([
  [{ state: "delivered" }, ""],
  [{ state: "bounced", reason: "temporary" }, ""],
  [
    { state: "bounced", reason: "suppressed" },
    " A bounce blocks the address: a resend lifts that, at most once a day.",
  ],
])("a resend after the delivery %j says what it can do for the address", async (delivery, lifts) => {
  const row = { ...INVITE, delivery: { ...INVITE.delivery, ...delivery } };
  vi.stubGlobal("fetch", async () => Response.json({ ...row, sends: 2, history: [] }));
  const work = new Work("d");
  await actionsIn({ work }).resend(row);
  const text = `A new invite to ann@example.com is on its way. Older links no longer work.${lifts}`;
  expect(work.message.value).toMatchObject({ text });
  // Nobody has an older link.
  await actionsIn({ work }).resend({ ...row, sentAt: null });
  expect(work.message.value).toMatchObject({ text: `A new invite to ann@example.com is on its way.${lifts}` });
});

it("an email that the service refuses at once is not called on its way", async () => {
  const delivery = { state: "failed", at: INVITE.queuedAt, reason: "message_rejected" } as const;
  vi.stubGlobal("fetch", async () => Response.json({ ...INVITE, sends: 2, delivery, history: [] }));
  const work = new Work("d");
  const text =
    "The new email to ann@example.com could not be sent: the email service refused it. Older links no longer work.";
  await actionsIn({ work }).resend(INVITE);
  expect(work.message.value).toMatchObject({ tone: "plain", text });
  vi.stubGlobal("fetch", async () => Response.json({ ...INVITE, id: "new", email: "anne@example.com", delivery }));
  await actionsIn({ work }).correct(INVITE, { email: "anne@example.com" }, () => true);
  const words =
    /^ann@example\.com is corrected to anne@example\.com\. The email to it could not be sent: .* no longer work\.$/;
  expect(work.message.value).toMatchObject({ tone: "plain", text: expect.stringMatching(words) });
});
