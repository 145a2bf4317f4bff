import { expect, it } from "vitest";
import type { Invite } from "../api";
import { INVITE } from "../sample";
import { type Open, showing } from "./open";
import { Work } from "./work";

it("a correction to an address that has a row leaves one row of it, and the numbers lose the other", () => {
  const row = (id: string, change: Partial<Invite> = {}): Invite => ({
    ...INVITE,
    id,
    email: `${id}@example.com`,
    ...change,
  });
  const [typo, other, bob] = [row("typo"), row("erik", { status: "declined", name: "Erik" }), row("bob")];
  const work = new Work("d");
  let invites = [typo, other, bob];
  const moves: [string, string | undefined][] = [];
  const gone: string[] = [];
  const list = {
    value: { invites },
    update: (change: (page: { invites: Invite[] }) => { invites: Invite[] }) => ({ invites } = change({ invites })),
  };
  work.shown = {
    list: list as unknown as Open["list"],
    onMove: (before, after) => moves.push([before.id, after?.id]),
    onStale: () => {},
    onDone: () => {},
  };
  const open = { deal: "d", work, gone: ({ id }: Invite) => gone.push(id) } as unknown as Open;
  const now = row("erik", { sends: 2 });
  showing(open).replaceRow(typo, now);
  expect(invites).toEqual([now, bob]);
  expect(moves).toEqual([
    ["erik", undefined],
    ["typo", "erik"],
  ]);
  // A selection of it would be of an older send.
  expect(gone).toEqual(["erik", "typo"]);
});
