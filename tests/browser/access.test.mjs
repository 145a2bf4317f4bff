/** Every page in every state: WCAG 2.2 AA in light and dark, the layout at three widths, and what a screen reader is told. */
import assert from "node:assert/strict";
import { checkAccess, checkContrastInUse, checkSnapshot } from "./access.mjs";
import { answered, chooseAccount, enter } from "./browser.mjs";
import { ADMIN, addresses, tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";
import { workbook } from "./xlsx.mjs";

let mixed;
let lapsed;
const check = suite({}, async (stack) => {
  mixed = await stack.newDeal({ seats: 3, org: "mixed" });
  await mixed.invite(["eve@example.com", "gil@example.com"]);
  mixed.link = await stack.linkTo("gil@example.com");
  lapsed = await stack.newDeal({ org: "lapsed" });
  await lapsed.invite(["ann@example.com"]);
  lapsed.link = await stack.linkTo("ann@example.com");
  for (const deal of [mixed, lapsed]) await deal.expired();
});

/** A deal with a row in each state, and more invites than seats. */
async function everyState(stack) {
  if (mixed.ready) return mixed;
  await mixed.seat("ann@example.com");
  await mixed.seat("bob@example.com", "bob@home.example");
  await mixed.invite([{ email: "cat@example.com", name: "Catherine Example" }, "hal@example.com", "a.very.long.address.of.a.person.with.many.names@some.department.of.a.large.organisation.example.com"]);
  const isDelivered = ({ delivery }) => delivery.state === "delivered";
  await until("all deliveries", async () => (await mixed.rows("pending")).every(isDelivered));
  await stack.fault("reject", 1);
  await mixed.invite(["dan@example.com"]);
  await stack.fault("down", 100);
  await mixed.invite(["fay@example.com"]);
  await mixed.api("POST", `/invites/${(await mixed.row("cat@example.com")).id}/resend`);
  await stack.fault("down", 0);
  await answer(stack, mixed.link, "ask");
  await answer(stack, await stack.linkTo("hal@example.com"), "decline");
  mixed.ready = true;
  return mixed;
}

/** Answers an invite as the learner does, by the link in the mail. */
async function answer(stack, link, how) {
  const response = await fetch(`${stack.url}/api/invites/${how}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: tokenOf(link) }),
  });
  assert.ok(response.ok, `${how}: ${response.status}`);
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const UNAVAILABLE = { status: 503, contentType: "application/problem+json", json: { code: "unavailable", status: 503, title: "", detail: "Seatkeeper is not available right now." } };

/** Each state of a page: the steps to it, and the console errors that they provoke. */
const STATES = {
  "welcome": { steps: async ({ page }) => {
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  }, inUse: true },
  "deals": { steps: async ({ page, stack }) => {
    await stack.newDeal({ org: "several", name: "Unlimited" });
    await stack.newDeal({ org: "several", name: "Unlimited Starter", seats: 3, starts: 3 });
    const ended = await stack.newDeal({ org: "several", name: "Last year’s" });
    await ended.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
    await enter(page, ended.manager);
    await page.getByRole("link", { name: "Unlimited", exact: true }).waitFor();
  }, inUse: true },
  "deals-none": { steps: async ({ page }) => {
    await enter(page, "manager@nobody.example");
    await page.getByText("has no deals yet").waitFor();
  } },
  "deals-not-allowed": { steps: async ({ page }) => {
    await enter(page, "learner@acme.example");
    await heading(page, "Looking for your own seat?");
  } },
  "not-found": { expect: [answered(404)], steps: async ({ page, stack }) => {
    const deal = await everyState(stack);
    await enter(page, deal.manager, "/deals/AAAAAAAAAAAAAAAAAAAAAA");
    await heading(page, "Deal not found");
  } },
  "seats": { steps: async ({ page, stack }) => {
    const deal = await everyState(stack);
    await enter(page, deal.manager, deal.path);
    await page.getByRole("link", { name: /^All \d/ }).waitFor();
    await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  }, inUse: true },
  "seats-selected": { steps: async ({ page, stack }) => {
    const deal = await everyState(stack);
    await enter(page, deal.manager, `${deal.path}?status=pending`);
    await page.getByRole("checkbox", { name: "Select all on this page" }).check();
    await page.getByText("4 selected").waitFor();
  }, inUse: true },
  "seats-question": { steps: async ({ page, stack }) => {
    const deal = await everyState(stack);
    await enter(page, deal.manager, deal.path);
    await page.getByRole("button", { name: "Cancel invite to cat@example.com" }).click();
    await page.getByRole("dialog").waitFor();
  }, inUse: true },
  "seats-question-of-many": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await deal.invite(addresses("ann", 20));
    await enter(page, deal.manager, deal.path);
    await page.getByRole("checkbox", { name: "Select all on this page" }).check();
    await page.getByRole("button", { name: "Cancel selected" }).click();
    await page.getByRole("dialog").waitFor();
  }, inUse: true, snapshot: false },
  "seats-done": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await deal.invite(["ann@example.com"]);
    await enter(page, deal.manager, deal.path);
    // The event that the mail was delivered may come before the answers, or after them.
    const sent = (row) => ({ ...row, delivery: { ...row.delivery, state: "sent" } });
    await page.route(/\/(resend|seats)$/, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      await route.fulfill({ response, json: body.invites ? { ...body, invites: body.invites.map(sent) } : sent(body) });
    });
    await page.getByRole("button", { name: "Resend invite to ann@example.com" }).click();
    await page.getByText("A new invite to ann@example.com is on its way.").first().waitFor();
  } },
  "seats-empty": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, deal.path);
    await page.getByText("Nobody has an invite or a seat.").waitFor();
    await page.getByRole("link", { name: "All 0" }).waitFor();
  } },
  "seats-removed": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await deal.invite(["ann@example.com"]);
    await deal.api("DELETE", `/invites/${(await deal.row("ann@example.com")).id}`);
    await enter(page, deal.manager, `${deal.path}?status=removed`);
    await page.getByText(/^Cancelled by a manager on/).waitFor();
  }, snapshot: false },
  "seats-loading": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await page.route("**/api/deals/**", () => undefined);
    await enter(page, deal.manager, deal.path);
    await page.getByText("Still waiting").waitFor();
  } },
  "seats-error": { expect: [answered(503)], steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await page.route("**/api/deals/**", (route) => route.fulfill(UNAVAILABLE));
    await enter(page, deal.manager, deal.path);
    await page.getByRole("alert").waitFor();
  }, inUse: true },
  "seats-session-over": { expect: [answered(401)], steps: async ({ page, stack }) => {
    const deal = await everyState(stack);
    await enter(page, deal.manager, deal.path);
    await page.getByRole("link", { name: /^All \d/ }).waitFor();
    await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
    await page.route("**/api/**", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }));
    await page.getByRole("link", { name: /^Expired/ }).click();
    await page.getByText("Your session has ended.").waitFor();
  } },
  "seats-many": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal({ seats: 10 });
    await deal.invite(addresses("ann", 60));
    await enter(page, deal.manager, deal.path);
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByRole("button", { name: "Previous page" }).waitFor();
    await until("the rows", async () => (await page.getByRole("rowheader").count()) === 10);
  }, snapshot: false },
  "invite": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, `${deal.path}/invite`);
    await page.getByText("Emails not arriving?").click();
    await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  }, inUse: true },
  "invite-checked": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ seats: 2 });
    await deal.invite(["bob@example.com"]);
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", "Ann Example <ann@example.com>, bob@example.com, cat@example.com; cat@example.com; dan at example.com");
    await page.getByRole("heading", { name: /2 will be invited/ }).waitFor();
  }, inUse: true },
  "invite-columns": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", "First Name,Last Name,Work Email,Personal Email\nAnn,Doe,ann@example.com,ann@home.example\nBob,Roe,,bob@home.example");
    await page.getByRole("heading", { name: "Which columns do you mean?" }).waitFor();
  }, inUse: true },
  "invite-spelling": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, `${deal.path}/invite`);
    const buffer = Buffer.concat([Buffer.from("name,email\nDvo"), Buffer.from([0xf8]), Buffer.from("ak,ann@example.com\n")]);
    await page.getByLabel("Excel or CSV file").setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer });
    await page.getByRole("heading", { name: "Which of these is spelt right?" }).waitFor();
  }, inUse: true },
  "invite-left-out": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ org: "left-out" });
    await deal.invite(["ann@example.com"]);
    await stack.event("ann@example.com", "bounce");
    await until("the bounce", async () => (await deal.rows("undelivered")).length === 1);
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", "Staff list\nName,Email\nAnn Doe,ann@example.com\nfoo bar@acme.example\nExported by a.long.address.of.a.person.with.many.names@a.large.organisation.example.com");
    await page.getByRole("heading", { name: /1 will be invited/ }).waitFor();
    await page.getByText("no such mailbox").waitFor();
  }, inUse: true, snapshot: false },
  "invite-sheet": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, `${deal.path}/invite`);
    const people = [["Name", "Email"], ["Ann Doe", "ann@example.com"]];
    await page.getByLabel("Excel or CSV file").setInputFiles(workbook("staff.xlsx", { Staff: people, "Last year": people }));
    await page.getByRole("heading", { name: "Which sheet do you mean?" }).waitFor();
  }, inUse: true },
  "invite-from-deal": { steps: async ({ page, stack }) => {
    const last = await stack.newDeal({ org: "renewed", name: "Unlimited, evening courses of the whole last year" });
    const deal = await stack.newDeal({ org: "renewed" });
    await enter(page, deal.manager, `${deal.path}/invite?from=${last.id}`);
    await page.getByRole("button", { name: "Add people" }).waitFor();
  }, inUse: true },
  "invite-ends-soon": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal({ org: "ending", ends: 12 });
    await stack.newDeal({ org: "ending", name: "Unlimited, evening courses of the whole next year" });
    await enter(page, deal.manager, `${deal.path}/invite`);
    await page.getByRole("link", { name: "Invite people there instead" }).waitFor();
  }, inUse: true, snapshot: false },
  "invite-unsent": { expect: [/ERR_FAILED/], steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ name: "Unlimited, evening courses of the whole next year" });
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", "ann@example.com, bob@example.com");
    await page.getByRole("heading", { name: "2 will be invited" }).waitFor();
    await page.route(`**/api${deal.path}/invites`, (route) => route.abort());
    await page.getByRole("button", { name: "Send 2 invites" }).click();
    await page.getByRole("heading", { name: "Not all invites could be sent" }).waitFor();
    await page.getByRole("link", { name: "Deals", exact: true }).click();
    await page.getByText("has stopped. No answer came for 2 invites, which may have been sent.").waitFor();
  }, inUse: true, snapshot: false },
  "settings": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    const loaded = await deal.api("GET");
    await page.route(`**/api${deal.path}`, (route) => route.fulfill({ json: { ...loaded, reminders: ["7d", "21d"] } }));
    await enter(page, deal.manager, `${deal.path}/settings`);
    await hand.write("textbox", "Second reminder after", "3");
    await hand.press("button", "Save reminders");
    await page.locator("[aria-invalid=true]").waitFor();
  }, inUse: true },
  "digest": { steps: async ({ page, stack }) => {
    const deal = await stack.newDeal({ org: "digested" });
    await page.route("**/api/me/digest", (route) => route.fulfill({ json: { on: true } }));
    await enter(page, deal.manager, "/deals");
    await page.getByText("Daily email about deals that need your attention").click();
    await page.getByRole("button", { name: "Switch off" }).waitFor();
  }, inUse: true },
  "invite-sending": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ seats: 200 });
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", addresses("ann", 60).join("\n"));
    const send = page.getByRole("button", { name: "Send 60 invites" });
    await send.waitFor();
    await page.route("**/invites", () => undefined);
    await send.click();
    await page.getByRole("progressbar", { name: "Invites sent" }).waitFor();
    // The browser asks before it leaves a page that is sending.
    page.on("dialog", (dialog) => dialog.accept());
  } },
  "invite-result": { steps: async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, `${deal.path}/invite`);
    await hand.paste("textbox", "Addresses", "ann@example.com, bob@example.com, nobody");
    const send = page.getByRole("button", { name: "Send 2 invites" });
    await send.waitFor();
    await deal.invite(["bob@example.com"]);
    await send.click();
    await page.getByRole("heading", { name: "1 person invited" }).waitFor();
  }, inUse: true },
  "admin": { steps: async ({ page, stack }) => {
    await stack.newDeal({ org: "found" });
    await stack.newDeal({ org: "found", name: "Unlimited, evening courses", starts: 3 });
    await enter(page, ADMIN, "/admin?organisation=found");
    await page.getByRole("button", { name: "Resize Unlimited", exact: true }).waitFor();
  }, inUse: true },
  "admin-organisations": { steps: async ({ page, stack }) => {
    for (const org of ["listed-one", "listed-two"]) await stack.newDeal({ org, title: `Listed ${org.slice(7)}` });
    await enter(page, ADMIN, "/admin?find=listed");
    for (const row of [1, 2]) await page.getByRole("row").nth(row).getByText("1 active").waitFor();
  }, inUse: true },
  "admin-new": { steps: async ({ page, hand }) => {
    await enter(page, ADMIN, "/admin?find=nobody-yet");
    await page.getByText("No organisation has “nobody-yet” in its name or ID.").waitFor();
    await hand.press("button", "New deal");
    await hand.press("button", "Create deal");
    await page.locator("[aria-invalid=true]").first().waitFor();
  }, inUse: true },
  "admin-lost": { expect: [/ERR_CONNECTION_RESET/], steps: async ({ page, hand }) => {
    await enter(page, ADMIN, "/admin?organisation=lost");
    await hand.press("button", "New deal");
    for (const [field, value] of [["Organisation name", "Lost"], ["Subscription", "Unlimited"], ["Seats", "5"]])
      await hand.write("textbox", field, value);
    await page.route("**/api/deals", (route) => route.abort("connectionreset"), { times: 1 });
    await hand.press("button", "Create deal");
    await page.getByText("We don’t know whether this was saved.").waitFor();
    await hand.press("button", "Cancel");
    await page.getByText("Lost has no new deal Unlimited").waitFor();
    await hand.press("button", "New deal");
    await page.getByText("An earlier attempt to create Unlimited for Lost got no answer.").waitFor();
  }, inUse: true },
  "admin-end": { steps: async ({ page, stack, hand }) => {
    await stack.newDeal({ org: "to-end" });
    await enter(page, ADMIN, "/admin?organisation=to-end");
    await hand.press("button", "End now Unlimited");
    await page.getByRole("dialog").waitFor();
  } },
  "accept": { target: 44, steps: async ({ page, stack }) => {
    await openInvite(page, stack, "accept");
    await page.getByRole("button", { name: "Sign in to accept" }).waitFor();
  }, inUse: true },
  "accept-signed-in": { target: 44, steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-signed-in");
    await signIn(page, hand);
  }, inUse: true },
  "accept-done": { target: 44, steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-done");
    await signIn(page, hand);
    await hand.press("button", "Accept as ann@home.example");
    await page.getByRole("link", { name: "Start learning" }).waitFor();
  }, inUse: true },
  "accept-full": { target: 44, steps: async ({ page, stack }) => {
    const deal = await openInvite(page, stack, "accept-full", { seats: 1 });
    await deal.seat("bob@example.com", "bob@accept-full.example");
    await page.reload();
    await page.getByText("All seats are taken").waitFor();
  } },
  "accept-expired": { target: 44, steps: async ({ page }) => {
    await page.goto(`/accept#${tokenOf(lapsed.link)}`);
    await heading(page, "This invite has expired");
  } },
  "accept-declined": { target: 44, steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-declined");
    await hand.press("button", "No thanks");
    await heading(page, "You declined this invite");
  }, inUse: true },
  "accept-stopped": { target: 44, steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-stopped");
    await hand.press("button", "Not me / stop inviting me");
    await page.getByRole("button", { name: "Allow invites again" }).waitFor();
  }, inUse: true },
  "accept-asked": { target: 44, steps: async ({ page, stack, hand }) => {
    const deal = await openInvite(page, stack, "accept-asked", { seats: 1 });
    await deal.seat("bob@example.com", "bob@accept-asked.example");
    await page.reload();
    await hand.press("button", "Ask for a seat");
    await page.getByText("You asked for a seat.").waitFor();
  } },
  "accept-superseded": { target: 44, expect: [answered(410)], steps: async ({ page, stack }) => {
    const deal = await openInvite(page, stack, "accept-superseded");
    await deal.api("POST", `/invites/${(await deal.rows())[0].id}/resend`, undefined, { "if-match": '"1"' });
    await page.reload();
    await heading(page, "A newer email was sent to you");
  } },
  "accept-cancelled": { target: 44, expect: [answered(410)], steps: async ({ page, stack }) => {
    const deal = await openInvite(page, stack, "accept-cancelled");
    await deal.api("DELETE", `/invites/${(await deal.rows())[0].id}`);
    await page.reload();
    await heading(page, "This invite was cancelled");
  } },
  "accept-ended": { target: 44, steps: async ({ page, stack }) => {
    const deal = await openInvite(page, stack, "accept-ended");
    await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
    await page.reload();
    await heading(page, "This subscription has ended");
  } },
  "accept-taken": { target: 44, steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-taken");
    await stack.accept("bob@home.example", await stack.linkTo("ann@accept-taken.example"));
    await page.reload();
    await hand.press("button", "Sign in to see your seat");
    await chooseAccount(page, hand, "ann@home.example");
    await heading(page, "Another account has accepted this invite");
  }, inUse: true },
  "accept-seated": { target: 44, steps: async ({ page, stack, hand }) => {
    const deal = await openInvite(page, stack, "accept-seated");
    await deal.seat("bob@example.com", "ann@home.example");
    await hand.press("button", "Sign in to accept");
    await chooseAccount(page, hand, "ann@home.example");
    await heading(page, "You already have a seat");
  }, inUse: true },
  "accept-unknown": { target: 44, expect: [answered(404)], steps: async ({ page }) => {
    await page.goto("/accept#rubbish");
    await heading(page, "This link does not work");
    await page.getByRole("link", { name: "Start learning" }).waitFor();
  } },
  "accept-lost": { target: 44, expect: [/ERR_INTERNET_DISCONNECTED/], steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-lost");
    await page.getByRole("button", { name: "No thanks" }).waitFor();
    await page.route("**/api/**", (route) => route.abort("internetdisconnected"));
    await hand.press("button", "No thanks");
    await page.getByText("“No thanks” may have gone through.").waitFor();
  }, inUse: true },
  "unsubscribe": { target: 44, steps: async ({ page }) => {
    await page.goto(`/unsubscribe#${"b".repeat(64)}`);
    await heading(page, "Stop these invites?");
  }, inUse: true },
  "unsubscribe-done": { target: 44, steps: async ({ page, hand }) => {
    await page.route("**/api/invites/unsubscribe/*", (route) =>
      route.fulfill({ json: { organisation: { id: "hill", name: "Hill & Dale" }, optedOut: true } }));
    await page.goto(`/unsubscribe#${"b".repeat(64)}`);
    await hand.press("button", "Stop inviting me");
    await heading(page, "You get no more invites from Hill & Dale");
  }, inUse: true },
  "unsubscribe-lost": { target: 44, expect: [/ERR_INTERNET_DISCONNECTED/], steps: async ({ page, hand }) => {
    await page.route("**/api/invites/unsubscribe/*", (route) => route.abort("internetdisconnected"));
    await page.goto(`/unsubscribe#${"b".repeat(64)}`);
    await hand.press("button", "Stop inviting me");
    await page.getByRole("alert").waitFor();
  } },
  "unsubscribe-no-link": { target: 44, steps: async ({ page }) => {
    await page.goto("/unsubscribe");
    await heading(page, "Open the link in your email");
  } },
  "unsubscribe-digest": { target: 44, steps: async ({ page }) => {
    await page.goto(`/unsubscribe#digest-${"b".repeat(64)}`);
    await heading(page, "Stop the daily email?");
  } },
  "unsubscribe-digest-done": { target: 44, steps: async ({ page, hand }) => {
    await page.route("**/api/digests/unsubscribe/*", (route) => route.fulfill({ json: { on: false } }));
    await page.goto(`/unsubscribe#digest-${"b".repeat(64)}`);
    await hand.press("button", "Stop the daily email");
    await heading(page, "You get no more of these emails");
  } },
  "accept-no-link": { target: 44, steps: async ({ page, hand }) => {
    await page.goto("/accept");
    await hand.write("textbox", /Paste it here/, "what?");
    await hand.press("button", "Show the invitation");
    await page.getByRole("alert").waitFor();
    await page.getByRole("link", { name: "Start learning" }).waitFor();
  }, inUse: true },
  "accept-failing": { target: 44, expect: [answered(503)], steps: async ({ page, stack, hand }) => {
    await openInvite(page, stack, "accept-failing");
    await signIn(page, hand);
    await page.route("**/api/invites/accept", (route) => route.fulfill(UNAVAILABLE));
    await hand.press("button", "Accept as ann@home.example");
    await page.getByText("Seatkeeper is not available right now.").waitFor();
  } },
  "accept-loading": { target: 44, steps: async ({ page, stack }) => {
    await page.route("**/api/invites/preview", () => undefined);
    await openInvite(page, stack, "accept-loading");
    await page.getByText("Still waiting").waitFor();
  } },
};

async function openInvite(page, stack, org, options) {
  const deal = await stack.newDeal({ org, ...options });
  await deal.invite([`ann@${org}.example`]);
  await page.goto(`/accept#${tokenOf(await stack.linkTo(`ann@${org}.example`))}`);
  return deal;
}

async function signIn(page, hand) {
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  await page.getByRole("button", { name: "Accept as ann@home.example" }).waitFor();
}

for (const [name, { steps, expect = [], target, inUse, snapshot = true }] of Object.entries(STATES)) {
  check(`accessible: ${name}`, { expect }, async (window) => {
    await steps(window);
    if (snapshot) await checkSnapshot(window.page, name);
    await checkAccess(window.page, { target });
    if (inUse) await checkContrastInUse(window.page);
  });
}

check("text at twice its size fits the page", {}, async ({ page, stack }) => {
  const deal = await everyState(stack);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  // A zoom of 200 % halves the width.
  await page.setViewportSize({ width: 640, height: 450 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
});
