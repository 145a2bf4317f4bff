/** Requests that arrive, and whose answers get lost: what the portal says afterwards is true. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, Keyboard } from "./browser.mjs";
import { ADMIN, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();
const LOST = { expect: [/ERR_INTERNET_DISCONNECTED/], hands: [Keyboard] };

/** Lets the next such request arrive, and loses its answer. */
const loseAnswer = (page, url, method = "POST") => {
  let lost = false;
  return page.route(url, async (route) => {
    const request = route.request();
    if (lost || request.method() !== method || request.postData()?.includes('"dryRun":true')) return route.fallback();
    lost = true;
    await route.fetch();
    await route.abort("internetdisconnected");
  });
};
const says = (page, text) => page.getByText(text).first().waitFor();

for (const next of ["Continue", "Finish without the rest"]) {
  check.detail(`after a lost answer, “${next}” says that the first attempt invited everybody`, LOST, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    const people = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", people.join("\n"));
    await loseAnswer(page, "**/invites");
    await hand.press("button", "Send 2 invites");
    await says(page, "No answer came for 2 invites, which may have been sent.");
    await page.getByText("Show the 2 addresses without an answer").click();
    assert.deepEqual(await page.getByRole("group").getByRole("listitem").allInnerTexts(), people);
    await hand.press("link", "‹ Deal seats: Unlimited");
    await says(page, "Sending invites to Unlimited has stopped. No answer came for 2 invites, which may have been sent.");
    await hand.press("link", "Continue or finish");
    await hand.press("button", next);
    await page.getByRole("heading", { name: "2 people invited; the first attempt had gone through" }).waitFor();
    for (const address of people) assert.equal((await stack.mails(address)).length, 1);
  });
}

check.detail("“Finish without the rest” says what it waits for, and nothing else is sent meanwhile", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", `ann@${deal.org}.example\nbob@${deal.org}.example`);
  await loseAnswer(page, "**/invites");
  await hand.press("button", "Send 2 invites");
  await says(page, "No answer came for 2 invites, which may have been sent.");
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/invites", async (route) => {
    await asked;
    await route.continue();
  }, { times: 1 });
  await hand.press("button", "Finish without the rest");
  await page.getByRole("heading", { name: "Finding out who was invited" }).waitFor();
  assert.deepEqual(await page.getByRole("region", { name: "Sending" }).getByRole("button").allInnerTexts(), []);
  answer();
  await page.getByRole("heading", { name: "2 people invited; the first attempt had gone through" }).waitFor();
});

/** The page can't find out what is the case, either. */
const blind = (page) => page.route("**/invites/*", (route) => (route.request().method() === "GET" ? disconnect(route) : route.fallback()));
const FIRST = "your first attempt had gone through";

/** Each action on one invite: the request, what the page says while it does not know, and once it does. `again`: the repetition's answer. */
const ROW_ACTIONS = {
  "resending an invite": {
    ready: (deal) => deal.invite(["ann@example.com"]),
    act: (hand) => hand.press("button", "Resend invite to ann@example.com"),
    request: ["**/resend", "POST"], what: "The resend to ann@example.com", refused: 412,
    done: `A new invite to ann@example.com is on its way: ${FIRST}.`,
    rows: [["ann@example.com", 2]],
  },
  "correcting an address": {
    ready: (deal) => deal.invite(["ann@exmaple.com"]),
    act: async (hand) => {
      await hand.press("button", "Correct address ann@exmaple.com");
      await hand.write("textbox", "Correct address", "ann@example.com");
      await hand.press("button", "Correct and send");
    },
    request: ["**/invites/*", "PATCH"], what: "The correction of ann@exmaple.com", refused: 404,
    done: `ann@exmaple.com is corrected to ann@example.com: ${FIRST}. A new invite is on its way`,
    rows: [["ann@example.com", 1]],
  },
  "correcting a name": {
    ready: (deal) => deal.invite(["ann@example.com"]),
    act: async (hand) => {
      await hand.press("button", "Correct address ann@example.com");
      await hand.write("textbox", "Name", "Ann Roe");
      await hand.press("button", "Save");
    },
    request: ["**/invites/*", "PATCH"], what: "The correction of ann@example.com",
    done: `ann@example.com is now named Ann Roe: ${FIRST}.`, repeated: "ann@example.com is now named Ann Roe.",
    rows: [["ann@example.com", 1]],
  },
  "cancelling an invite": {
    ready: (deal) => deal.invite(["ann@example.com"]),
    act: async (hand, page) => {
      await hand.press("button", "Cancel invite to ann@example.com");
      await hand.press("button", "Cancel invite", page.getByRole("dialog"));
    },
    request: ["**/invites/*", "DELETE"], what: "The cancellation of the invite to ann@example.com",
    done: `The invite to ann@example.com is cancelled: ${FIRST}.`, repeated: "The invite to ann@example.com is cancelled.",
    rows: [],
  },
  "de-allocating a seat": {
    ready: (deal) => deal.seat("ann@example.com"),
    act: async (hand, page) => {
      await hand.press("button", "De-allocate seat of ann@example.com");
      await hand.press("button", "De-allocate seat", page.getByRole("dialog"));
    },
    request: ["**/seats/*", "DELETE"], what: "The de-allocation of the seat of ann@example.com",
    done: `ann@example.com no longer has a seat: ${FIRST}.`, repeated: "ann@example.com no longer has a seat. The seat is available again.",
    rows: [],
  },
};
const sendsOf = async (deal) => (await deal.rows()).map(({ email, sends }) => [email, sends]);

for (const [what, { ready, act, request: [url, method], what: subject, refused, done, repeated = done, rows }] of Object.entries(ROW_ACTIONS)) {
  check.detail(`after a lost answer of ${what}, the page says at once that it has gone through`, LOST, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await ready(deal);
    await enter(page, deal.manager, deal.path);
    await loseAnswer(page, url, method);
    await act(hand, page);
    await says(page, done);
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.deepEqual(await sendsOf(deal), rows);
  });

  check.detail(`while a lost answer of ${what} cannot be checked, the page says so, and the repetition says what is the case`, { ...LOST, expect: [...LOST.expect, ...(refused ? [answered(refused)] : [])] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await ready(deal);
    await enter(page, deal.manager, deal.path);
    await blind(page);
    await loseAnswer(page, url, method);
    await act(hand, page);
    await says(page, `${subject} may have gone through.`);
    await page.unroute("**/invites/*");
    await page.unroute(url);
    await hand.press("button", "Try again");
    await says(page, repeated);
    assert.deepEqual(await sendsOf(deal), rows);
  });

  check.detail(`when ${what} does not arrive, the page says so, and tries again`, LOST, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await ready(deal);
    await enter(page, deal.manager, deal.path);
    let held = false;
    await page.route(url, (route) => (held || route.request().method() !== method ? route.fallback() : ((held = true), disconnect(route))));
    await act(hand, page);
    await says(page, `${subject} has not gone through.`);
    await hand.press("button", "Try again");
    await says(page, done.split(": ")[0]);
    assert.deepEqual(await sendsOf(deal), rows);
  });
}

check.detail("when a resend does not arrive and the invite was cancelled meanwhile, the page says so", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await page.route("**/resend", async (route) => {
    await deal.api("DELETE", `/invites/${(await deal.row("ann@example.com")).id}`);
    await disconnect(route);
  });
  await hand.press("button", "Resend invite to ann@example.com");
  await says(page, `Not resent: the invite to ann@example.com was cancelled by ${deal.manager} in the meantime.`);
});

check.detail("correcting an invite that somebody else cancelled says so", { expect: [answered(404)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await stack.fault("reject", 1);
  await deal.invite(["ann@exmaple.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Correct address ann@exmaple.com");
  await deal.api("DELETE", `/invites/${(await deal.row("ann@exmaple.com")).id}`);
  await hand.write("textbox", "Correct address", "ann@example.com");
  await hand.press("button", "Correct and send");
  await says(page, `Not corrected: the invite to ann@exmaple.com was cancelled by ${deal.manager} in the meantime.`);
  assert.deepEqual(await deal.rows(), []);
});

check.detail("cancelling an invite whose address another tab corrected says so, and the new invite stays", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const people = ["ann@exmaple.com", "bob@example.com", "cat@exmaple.com"];
  await stack.fault("reject", 3);
  await deal.invite(people);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Cancel invite to ann@exmaple.com");
  const corrected = async (name) => deal.api("PATCH", `/invites/${(await deal.row(`${name}@exmaple.com`)).id}`, { email: `${name}@example.com` }, { "if-match": '"1"' });
  await corrected("ann");
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await says(page, `Not cancelled: the address ann@exmaple.com was corrected to ann@example.com by ${deal.manager} in the meantime. The new address got an invite of its own.`);
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Cancel selected");
  await corrected("cat");
  await hand.press("button", /^Cancel \d invites$/, page.getByRole("dialog"));
  await says(page, "cat@exmaple.com (the address was corrected before). A corrected address has an invite of its own.");
  assert.ok((await deal.rows()).some(({ email }) => email === "cat@example.com"));
});

for (const [button, confirm, maybe, done] of [
  ["Resend selected", "Resend 2 invites", "these invites may have been resent.", "2 invites resent: ann@example.com, bob@example.com."],
  ["Cancel selected", "Cancel 2 invites", "these invites may have been cancelled.", "2 invites cancelled: ann@example.com, bob@example.com."],
]) {
  for (const isBlind of [false, true]) {
    check.detail(`a lost answer of “${button}” is ${isBlind ? "not reported as somebody else's change if it cannot be settled" : "settled at once"}`, LOST, async ({ page, stack, hand }) => {
      const deal = await stack.newDeal();
      await deal.invite(["ann@example.com", "bob@example.com"]);
      await enter(page, deal.manager, deal.path);
      await hand.press("checkbox", "Select all on this page");
      await loseAnswer(page, "**/invites/*");
      if (isBlind) await blind(page);
      await hand.press("button", button);
      await hand.press("button", confirm, page.getByRole("dialog"));
      if (isBlind) {
        await says(page, "No answer came for ann@example.com, bob@example.com");
        await says(page, maybe);
        await page.unroute("**/invites/*");
        await hand.press("button", "Try again");
      }
      await page.getByText(done, { exact: true }).first().waitFor();
      assert.deepEqual((await deal.rows()).map(({ sends }) => sends), button.startsWith("Cancel") ? [] : [2, 2]);
    });
  }
}

check("after a reload in the middle of a resend of many, the page says who is left, goes on with them, and mails nobody twice", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  const people = Array.from({ length: 120 }, (_, at) => `p${at}@${deal.org}.example`);
  await deal.invite(people);
  await until("all to be sent", async () => (await deal.rows()).every(({ sentAt }) => sentAt));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  let requests = 0;
  let arrived = (_) => {};
  const second = new Promise((resolve) => (arrived = resolve));
  await page.route("**/invites/resend", async (route) => {
    requests += 1;
    if (requests !== 2) return route.continue();
    // It arrives, and the page is left before its answer.
    await route.fetch();
    arrived(undefined);
  });
  await hand.press("button", "Resend all pending");
  await hand.press("button", "Resend 120 invites", page.getByRole("dialog"));
  await second;
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await says(page, "Resending was interrupted.");
  await says(page, "100 invites resent. 20 invites are not resent yet:");
  assert.ok(await page.getByRole("button", { name: "Resend all pending" }).isDisabled(), "nobody gets a second email by a new resend");
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await says(page, "100 invites resent. 20 invites are not resent yet:");
  await hand.press("button", "Continue");
  await says(page, "120 invites resent:");
  assert.deepEqual(new Set((await deal.rows()).map(({ sends }) => sends)), new Set([2]));
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("table", { name: "Invites" }).waitFor();
  assert.equal(await page.getByText("Resending was interrupted.").count(), 0);
});

check.detail("a cancellation of many that was left is not asked about again", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.press("checkbox", "Select all on this page");
  await page.route("**/invites/cancel", disconnect, { times: 1 });
  await hand.press("button", "Cancel selected");
  await hand.press("button", "Cancel 1 invite", page.getByRole("dialog"));
  await says(page, "1 invite is not cancelled yet: ann@example.com.");
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await says(page, "Cancelling was interrupted.");
  await hand.press("button", "Dismiss");
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("table", { name: "Invites" }).waitFor();
  assert.equal(await page.getByText("Cancelling was interrupted.").count(), 0);
  assert.equal((await deal.rows()).length, 1);
});

check.detail("a resend of many that did not arrive counts nobody, not even whom it leaves out", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
  await deal.invite([ann, bob]);
  await stack.event(bob, "complaint");
  await until("the complaint", async () => (await deal.rows("undelivered")).length === 1);
  await enter(page, deal.manager, deal.path);
  await hand.press("checkbox", "Select all on this page");
  await page.route("**/invites/resend", disconnect);
  await hand.press("button", "Resend selected");
  await hand.press("button", "Resend 1 invite", page.getByRole("dialog"));
  await page.getByRole("alert").getByText(`1 invite is not resent yet: ${ann}.`).waitFor();
  assert.doesNotMatch(await page.getByRole("alert").innerText(), /\d+ invites? resent\b/);
});

/** Lets the next change of a deal arrive, and loses its answer and what the page reads of the deal then. */
const loseDeal = (page, deal, method) => {
  let lost = false;
  return page.route(`**/api${deal.path}`, async (route) => {
    if (route.request().method() !== method) return lost ? disconnect(route) : route.continue();
    lost = true;
    await route.fetch();
    await disconnect(route);
  });
};

check.detail("after a lost answer of a resize, the page says at once that it was saved", LOST, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, ADMIN, `/admin?organisation=${deal.org}`);
  await hand.press("button", "Resize Unlimited");
  await hand.write("textbox", "Seats", "30");
  await loseAnswer(page, `**/api${deal.path}`, "PATCH");
  await hand.press("button", "Resize", page.getByRole("dialog"));
  await says(page, "Unlimited now has 30 seats");
});

check.detail("a lost answer of a resize that cannot be checked is not reported as somebody else's change", { ...LOST, expect: [...LOST.expect, answered(412)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, ADMIN, `/admin?organisation=${deal.org}`);
  await hand.press("button", "Resize Unlimited");
  await hand.write("textbox", "Seats", "30");
  await loseDeal(page, deal, "PATCH");
  await hand.press("button", "Resize", page.getByRole("dialog"));
  await says(page, "We don’t know whether this was saved.");
  await page.unroute(`**/api${deal.path}`);
  await hand.press("button", "Resize", page.getByRole("dialog"));
  await says(page, "Unlimited now has 30 seats");
});

/** Opens a new invite, signed in. */
async function openInvite({ page, stack, hand }) {
  const deal = await stack.newDeal();
  await deal.invite([`ann@${deal.org}.example`]);
  await page.goto(await stack.linkTo(`ann@${deal.org}.example`));
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  await page.getByRole("button", { name: "Accept as ann@home.example" }).waitFor();
}
const disconnect = (route) => route.abort("internetdisconnected");

check("after a lost answer of “Accept”, the page finds the seat, and no hidden text denies it", LOST, async ({ page, stack, hand }) => {
  await openInvite({ page, stack, hand });
  await loseAnswer(page, "**/api/invites/accept");
  await hand.press("button", "Accept as ann@home.example");
  await page.getByRole("heading", { name: "You have a seat" }).waitFor();
  assert.equal(await page.getByText("You have not accepted yet").count(), 0);
});

check.detail("a lost answer of “Accept” is found by somebody who stopped the invites, too", LOST, async ({ page, stack, hand }) => {
  await openInvite({ page, stack, hand });
  await hand.press("button", "Not me / stop inviting me");
  await loseAnswer(page, "**/api/invites/accept");
  await hand.press("button", "Accept as ann@home.example");
  await page.getByRole("heading", { name: "You have a seat" }).waitFor();
  await page.getByRole("button", { name: "Allow invites again" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

check.detail("while a lost answer of “Accept” cannot be checked, the page does not say that nothing was accepted, and the next attempt shows the seat", LOST, async ({ page, stack, hand }) => {
  await openInvite({ page, stack, hand });
  await loseAnswer(page, "**/api/invites/accept");
  await page.route("**/api/invites/preview", disconnect);
  await hand.press("button", "Accept as ann@home.example");
  await page.locator(":focus", { hasText: "Can’t connect to Seatkeeper. “Accept” may have gone through." }).waitFor();
  assert.equal(await page.getByText("You have not accepted yet").count(), 0);
  await hand.press("button", "Try again");
  await page.getByRole("heading", { name: "You have a seat" }).waitFor();
});

check.detail("after a lost answer of “Accept”, another answer does not make the page say that nothing was accepted", LOST, async ({ page, stack, hand }) => {
  await openInvite({ page, stack, hand });
  await loseAnswer(page, "**/api/invites/accept");
  await page.route("**/api/invites/preview", disconnect);
  await hand.press("button", "Accept as ann@home.example");
  await page.locator(":focus", { hasText: "“Accept” may have gone through." }).waitFor();
  await hand.press("button", "Not me / stop inviting me");
  await page.getByText("You stopped invites").waitFor();
  assert.equal(await page.getByText("You have not accepted yet").count(), 0);
});

for (const [who, stops] of [["", false], [" by somebody who stopped the invites", true]]) {
  check.detail(`“No thanks”${who} after a lost answer of “Accept” is said not to count, and how to give the seat back`, { ...LOST, expect: [...LOST.expect, answered(409)] }, async ({ page, stack, hand }) => {
    await openInvite({ page, stack, hand });
    if (stops) await hand.press("button", "Not me / stop inviting me");
    await loseAnswer(page, "**/api/invites/accept");
    await page.route("**/api/invites/preview", disconnect);
    await hand.press("button", "Accept as ann@home.example");
    await page.locator(":focus", { hasText: "“Accept” may have gone through." }).waitFor();
    await page.unroute("**/api/invites/preview");
    await hand.press("button", "No thanks");
    await page.getByRole("heading", { name: "You have a seat" }).waitFor();
    await page.locator(":focus", { hasText: "“No thanks” changed nothing, because this invite had been accepted. To give the seat back, ask the learning manager at Hill & Dale to free it." }).waitFor();
  });
}

/** Each answer besides accepting: its route, its button, and what the page says once it has had its effect. */
const ANSWERS = [
  ["decline", "No thanks", "You declined this invite"],
  ["ask", "Ask for a seat", "You asked for a seat."],
  ["opt-out", "Not me / stop inviting me", "You stopped invites from Hill & Dale."],
  ["opt-in", "Allow invites again", "Hill & Dale can send you invites again."],
];

/** Opens a new invite to a full deal, where each of these answers can be given. */
async function openFull({ page, stack, hand }, answer) {
  const deal = await stack.newDeal({ seats: 1 });
  await deal.invite([`ann@${deal.org}.example`]);
  await deal.seat(`bob@${deal.org}.example`);
  await page.goto(await stack.linkTo(`ann@${deal.org}.example`));
  if (answer === "opt-in") await hand.press("button", "Not me / stop inviting me");
}

for (const [answer, button, done] of ANSWERS) {
  check.detail(`after a lost answer of “${button}”, the page says that it has gone through`, LOST, async ({ page, stack, hand }) => {
    await openFull({ page, stack, hand }, answer);
    await loseAnswer(page, `**/api/invites/${answer}`);
    await hand.press("button", button);
    await page.locator(":focus", { hasText: done }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  check.detail(`when “${button}” does not arrive, the page says so, and tries again`, LOST, async ({ page, stack, hand }) => {
    await openFull({ page, stack, hand }, answer);
    await page.route(`**/api/invites/${answer}`, disconnect, { times: 1 });
    await hand.press("button", button);
    await page.locator(":focus", { hasText: `Can’t connect to Seatkeeper. “${button}” has not gone through.` }).waitFor();
    await hand.press("button", "Try again");
    await page.locator(":focus", { hasText: done }).waitFor();
  });
}

check.detail("while a lost answer of “No thanks” cannot be checked, the page names it, and tries again", LOST, async ({ page, stack, hand }) => {
  await openFull({ page, stack, hand }, "decline");
  await loseAnswer(page, "**/api/invites/decline");
  await page.getByRole("button", { name: "No thanks" }).waitFor();
  await page.route("**/api/invites/preview", disconnect);
  await hand.press("button", "No thanks");
  await page.locator(":focus", { hasText: "“No thanks” may have gone through." }).waitFor();
  await hand.press("button", "Try again");
  await page.getByRole("heading", { name: "You declined this invite" }).waitFor();
});

for (const [button, confirm, method, what, done] of [
  ["End now", "End deal now", "PATCH", "Ending", `Unlimited of Hill & Dale has ended: ${FIRST}.`],
  ["Delete", "Delete deal", "DELETE", "Deleting", "No answer came, but Unlimited of Hill & Dale is deleted."],
]) {
  const isDone = (page) => button === "Delete"
    ? page.getByRole("row", { name: /^Unlimited/ }).waitFor({ state: "detached" })
    : page.getByRole("row", { name: /^Unlimited.*Ended/ }).waitFor();
  const act = async (hand, page) => {
    await hand.press("button", `${button} Unlimited`);
    await hand.press("button", confirm, page.getByRole("dialog"));
  };

  check.detail(`after a lost answer of “${button}”, the page says at once what is the case`, { ...LOST, expect: [...LOST.expect, answered(404)] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, ADMIN, `/admin?organisation=${deal.org}`);
    await loseAnswer(page, `**/api${deal.path}`, method);
    await act(hand, page);
    await says(page, done);
    assert.equal(await page.getByRole("alert").count(), 0);
    await isDone(page);
  });

  check.detail(`while a lost answer of “${button}” cannot be checked, the page says so, and the repetition says what is the case`, { ...LOST, expect: [...LOST.expect, answered(412)] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, ADMIN, `/admin?organisation=${deal.org}`);
    await loseDeal(page, deal, method);
    await act(hand, page);
    await says(page, `${what} Unlimited of Hill & Dale may have gone through.`);
    await page.unroute(`**/api${deal.path}`);
    await hand.press("button", "Try again");
    await says(page, button === "Delete" ? "Unlimited of Hill & Dale was deleted." : done);
    await isDone(page);
  });

  check.detail(`when “${button}” does not arrive, the page says so, and tries again`, LOST, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, ADMIN, `/admin?organisation=${deal.org}`);
    let held = false;
    await page.route(`**/api${deal.path}`, (route) => (held || route.request().method() !== method ? route.continue() : ((held = true), disconnect(route))));
    await act(hand, page);
    await says(page, `${what} Unlimited of Hill & Dale has not gone through.`);
    await hand.press("button", "Try again");
    await says(page, button === "Delete" ? "Unlimited of Hill & Dale was deleted." : "Unlimited of Hill & Dale has ended.");
    await isDone(page);
  });
}

check.detail("resending an invite whose address somebody else corrected says so, and lists the new one", { expect: [answered(404)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([`ann@${deal.org}.example`]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: `ann@${deal.org}.example` }).waitFor();
  await deal.api("PATCH", `/invites/${(await deal.row(`ann@${deal.org}.example`)).id}`, { email: `bob@${deal.org}.example` }, { "if-match": '"1"' });
  await hand.press("button", `Resend invite to ann@${deal.org}.example`);
  await says(page, `Not resent: the address ann@${deal.org}.example was corrected to bob@${deal.org}.example by ${deal.manager} in the meantime.`);
  await page.getByRole("rowheader", { name: `bob@${deal.org}.example` }).waitFor();
  await page.getByRole("rowheader", { name: `ann@${deal.org}.example` }).waitFor({ state: "detached" });
});
