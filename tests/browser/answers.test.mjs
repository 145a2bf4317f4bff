/** What a manager sees of the learners' answers: who declined, who waits for a link or a seat, and who stopped invites. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { checkAccess } from "./access.mjs";
import { enter, Keyboard } from "./browser.mjs";
import { addresses, tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

let waiting;
const check = suite({}, async (stack) => {
  waiting = await stack.newDeal({ seats: 3 });
  await waiting.invite(people(waiting));
  for (const email of people(waiting)) waiting[email] = await stack.linkTo(email);
  await waiting.expired();
});

function people({ org }) {
  return ["ann", "bob", "cat"].map((name) => `${name}@${org}.example`);
}
const rowOf = (page, email) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: email }) });
const tab = (name) => new RegExp(`^${name}$`);

/** Answers an invite as the learner does, by the link in the mail. */
async function answer(stack, link, how) {
  const response = await fetch(`${stack.url}/api/invites/${how}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: tokenOf(link) }),
  });
  assert.ok(response.ok, `${how}: ${response.status}`);
}

check("two people wait and one seat is free: one button resends to the one who asked first", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const [ann, bob, cat] = people(waiting);
  await waiting.seat(`dan@${waiting.org}.example`);
  await waiting.seat(`eve@${waiting.org}.example`);
  // Times are whole seconds.
  await answer(stack, waiting[bob], "ask");
  await until("the next second", async () => Date.now() - Date.parse((await waiting.row(bob)).askedAt) > 1100);
  await answer(stack, waiting[ann], "ask");
  await enter(page, waiting.manager, waiting.path);
  await page.getByText("2 people wait, 1 seat is free.").waitFor();
  await rowOf(page, ann).getByText("Asked for a new link").waitFor();
  await rowOf(page, ann).locator("[data-label=Expired]").getByText(/^(\d+\s\w+\sago|just now)$/).waitFor();
  await hand.press("link", "See who asked");
  await page.waitForURL("**?status=asked");
  await rowOf(page, bob).getByText(/^Waiting since .* Resend to send a new link\.$/).waitFor();
  await page.getByText("2 asked for a new link.").waitFor();
  // A search would hide them from the list to which the notice leads.
  await hand.write("searchbox", "Name or address contains", cat);
  await page.getByText("They asked for a new link or a seat.").waitFor();
  await hand.press("link", "See who asked");
  await page.getByText("2 asked for a new link.").waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "");
  const order = await page.getByRole("table", { name: "Invites" }).getByRole("rowheader").allInnerTexts();
  assert.deepEqual(order, [bob, ann], "oldest first");
  await checkAccess(page);
  const first = hand.find("button", "Resend to 1 person");
  assert.equal(await first.evaluate((button) => button.ariaDescribedByElements[0].textContent), bob);
  await hand.press("button", "Resend to 1 person");
  await page.getByText(`1 invite resent: ${bob}.`).waitFor();
  const notice = page.getByRole("status").filter({ hasText: "1 person waits, 1 seat is free." });
  await notice.getByText(`The free seat is offered to ${bob}.`, { exact: true }).waitFor();
  assert.equal(await notice.getByRole("button").count(), 0, "one seat is not offered to everybody in turn");
  // Also in another list, until somebody accepts.
  await hand.press("link", "Pending 1");
  await notice.getByText(`The free seat is offered to ${bob}.`).waitFor();
  await page.reload();
  await notice.getByText(`The free seat is offered to ${bob}.`).waitFor();
  await hand.press("link", "See who asked", notice);
  await rowOf(page, ann).waitFor();
  await page.getByRole("link", { name: tab("Asked 1") }).waitFor();
  assert.deepEqual((await waiting.rows()).filter(({ sends }) => sends === 2).map(({ email }) => email), [bob]);
  assert.equal((await waiting.row(cat)).sends, 1, "who did not ask is not resent to");
});

check.detail("who asked and whose newest email bounced is left out of a resend to all who wait, with why", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = ["ann", "bob"].map((name) => `${name}@${deal.org}.example`);
  await deal.invite([ann, bob]);
  for (const email of [ann, bob]) {
    const link = await stack.linkTo(email);
    await deal.api("POST", `/invites/${(await deal.row(email)).id}/resend`, {});
    await until("the resend", async () => (await stack.linkTo(email)) !== link);
    if (email === ann) await stack.event(ann, "bounce");
    await answer(stack, link, "ask");
  }
  await until("the bounce", async () => (await deal.row(ann)).delivery.state === "bounced");
  await enter(page, deal.manager, `${deal.path}?status=asked`);
  const notice = page.getByRole("status").filter({ hasText: "2 people wait" });
  await notice.getByText("The last email to 1 person bounced or was marked as spam: that row says the next step.").waitFor();
  await rowOf(page, ann).getByText(/The newest email bounced on .*: no such mailbox\. Correct the address, or resend the invite once the mailbox exists\./).waitFor();
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  const question = page.getByRole("dialog", { name: "Resend 1 invite?" });
  await question.getByText(`${ann}: Waiting since`).waitFor();
  await hand.press("button", "Resend 1 invite", question);
  await page.getByText(`1 invite resent: ${bob}.`).waitFor();
  await notice.getByRole("button").waitFor({ state: "detached" });
});

check.detail("while no seat is free, the page leads to who waits and offers no resend to all of them", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 1 });
  const [ann, bob] = people(deal);
  await deal.seat(ann);
  await deal.invite([bob]);
  await answer(stack, await stack.linkTo(bob), "ask");
  await enter(page, deal.manager, deal.path);
  const notice = page.getByRole("status").filter({ hasText: "1 person waits, no seat is free." });
  await hand.press("link", "See who asked", notice);
  await notice.getByText("1 asked for a seat.").waitFor();
  assert.equal(await notice.locator("p").count(), 1, "nothing empty makes the notice higher");
});

check.detail("in a full deal, a resend says that nobody can accept, and asks before it ends somebody’s wait for a seat", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 1 });
  const [ann, bob, cat] = people(deal);
  await deal.seat(ann);
  await deal.invite([bob, cat]);
  await answer(stack, await stack.linkTo(bob), "ask");
  await stack.linkTo(cat);
  await enter(page, deal.manager, deal.path);
  const full = "Every seat is taken: nobody can accept until a seat is free.";
  await hand.press("button", `Resend invite to ${bob}`);
  const one = page.getByRole("dialog", { name: `Resend the invite to ${bob}, who waits for a seat?` });
  await one.getByText(`${full} A resend ends the wait of ${bob}: to wait again, they have to ask for a seat again.`).waitFor();
  await hand.press("button", "Don’t resend", one);
  await hand.press("button", `Correct address ${bob}`);
  const ends = page.getByText("This person waits for a seat. A new invite ends the wait: to wait again, they have to ask again.");
  await ends.waitFor();
  await hand.write("textbox", "Name", "Bob Roe");
  await ends.waitFor({ state: "detached" });
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  const many = page.getByRole("dialog", { name: "Resend 2 invites?" });
  await many.getByText(full).waitFor();
  await many.getByText("1 of these asked for a seat. A resend ends their wait: to wait again, they have to ask again.").waitFor();
  await many.getByRole("listitem").filter({ hasText: `${bob}: asked for a seat` }).waitFor();
  await checkAccess(page);
  await hand.press("button", "Don’t resend", many);
  await hand.press("button", `Resend invite to ${cat}`);
  await page.getByText(`A new invite to ${cat} is on its way. Older links no longer work. ${full}`).first().waitFor();
  assert.deepEqual(new Set((await deal.rows("asked")).map(({ email }) => email)), new Set([bob]), "who waits still waits");
});

for (const meanwhile of [false, true]) {
  check.detail(`a free seat is not offered to who asked for it and stopped invites in another deal${meanwhile ? " meanwhile" : ""}`, { hands: [Keyboard] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ seats: 1 });
    const [ann, bob] = people(deal);
    await deal.seat(ann);
    await deal.invite([bob]);
    await answer(stack, await stack.linkTo(bob), "ask");
    await deal.patch({ seats: 2 });
    await (await stack.newDeal({ org: deal.org })).invite([bob]);
    await until("the other mail", async () => (await stack.mails(bob)).length === 2);
    const stop = async () => answer(stack, await stack.linkTo(bob), "opt-out");
    if (!meanwhile) await stop();
    await enter(page, deal.manager, `${deal.path}?status=asked`);
    if (meanwhile) {
      await page.getByText("1 person waits, 1 seat is free.").waitFor();
      await stop();
      await hand.press("button", "Resend to 1 person");
      await page.getByText(`0 invites resent. Not resent: ${bob} (stopped invites, or marked one as spam).`).waitFor();
    }
    await page.getByText("Nobody is waiting for a new link or a seat.").waitFor();
    for (const list of ["Removed", "All 2"]) {
      await hand.press("link", list);
      await page.getByRole("link", { name: tab("Asked 0") }).waitFor();
      assert.equal(await page.getByText("1 person waits").count(), 0);
    }
    const elsewhere = "Stopped invites, or marked one as spam, in another deal.";
    await rowOf(page, bob).getByText("Pending – stopped invites").waitFor();
    await rowOf(page, bob).getByText(elsewhere).waitFor();
    assert.equal(await rowOf(page, bob).getByText(/Reminder on/).count(), 0);
    await hand.press("button", `History of the invite to ${bob}`);
    await page.getByText(elsewhere, { exact: true }).waitFor();
    await checkAccess(page);
  });
}

check.detail("before and after an action, the page says who stopped invites in another deal", { hands: [Keyboard], expect: [/status of 409/] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob, cat] = people(deal);
  const dan = `dan@${deal.org}.example`;
  await deal.invite([ann, bob, cat, dan]);
  const other = await stack.newDeal({ org: deal.org });
  await other.invite([ann, bob, cat]);
  for (const email of [ann, bob, cat]) {
    await until("the other mail", async () => (await stack.mails(email)).length === 2);
    await answer(stack, await stack.linkTo(email), "opt-out");
  }
  await enter(page, deal.manager, deal.path);
  await hand.press("button", `Correct address ${ann}`);
  const how = "stopped invites, or marked one as spam";
  await page.getByText(`This person ${how}, in another deal. Use only an address that they gave you for invites.`).waitFor();
  await hand.press("button", `Resend invite to ${cat}`);
  const refused = page.getByRole("alert").filter({ hasText: `The resend to ${cat} failed.` });
  await refused.getByText(`This person ${how}. They can allow them again, `).waitFor();
  for (const email of [ann, cat, dan]) await hand.press("checkbox", `Select ${email}`);
  await hand.press("button", "Resend selected");
  const question = page.getByRole("dialog", { name: "Resend 1 invite?" });
  await question.getByText(`2 invites are left out. Who ${how}, can allow them again, `).waitFor();
  await question.getByText(`${cat}: Stopped invites, or marked one as spam, in another deal.`).waitFor();
  await hand.press("button", "Don’t resend", question);
  await hand.press("button", `Cancel invite to ${bob}`);
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await page.getByText(`The invite to ${bob} is cancelled.`).first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Invite again" }).count(), 0);
  await hand.press("link", "Removed");
  await rowOf(page, bob).waitFor();
  assert.equal(await page.getByRole("button", { name: "Invite again" }).count(), 0);
});

check.detail("an ended deal highlights nobody who asked", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 1 });
  const [ann, bob] = people(deal);
  await deal.seat(ann);
  await deal.invite([bob]);
  await answer(stack, await stack.linkTo(bob), "ask");
  await enter(page, deal.manager, deal.path);
  const asked = page.getByRole("link", { name: tab("Asked 1") });
  await asked.locator(".state.asked").waitFor();
  await deal.patch({ endsAt: new Date(Date.now() - 1000).toISOString() });
  await page.reload();
  await asked.waitFor();
  assert.equal(await asked.locator(".state").count(), 0);
});

check.detail("somebody with a seat who stopped invites is promised no new one", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann] = people(deal);
  await deal.seat(ann);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await enter(page, deal.manager, deal.path);
  await rowOf(page, ann).getByText(/^Has held a seat since .* Stopped invites on \d+\s\w+\.$/).waitFor();
  await hand.press("button", `De-allocate seat of ${ann}`);
  await page.getByRole("dialog").getByText(/They stopped invites on .*: they cannot get a seat again until they allow invites again\.$/).waitFor();
});

check("a declined invite has its own list, and its history says so", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = people(deal);
  await deal.invite([ann, bob]);
  await answer(stack, await stack.linkTo(ann), "decline");
  await enter(page, deal.manager, deal.path);
  for (const name of ["All 2", "Pending 1", "Declined 1", "Asked 0"]) await page.getByRole("link", { name: tab(name) }).waitFor();
  await hand.press("checkbox", "Select all on this page");
  await page.getByText("1 selected, 1 who declined left out").waitFor();
  assert.equal(await page.getByRole("checkbox", { name: `Select ${ann}` }).isChecked(), false, "a no is not resent to by mistake");
  const all = page.getByRole("checkbox", { name: "Select all on this page" });
  const state = () => all.evaluate((box) => (box.indeterminate ? "mixed" : box.checked));
  assert.equal(await state(), "mixed");
  await hand.press("checkbox", "Select all on this page");
  await page.getByText("0 selected").waitFor();
  assert.equal(await state(), false);
  await hand.press("checkbox", `Select ${bob}`);
  assert.equal(await state(), "mixed");
  await hand.press("checkbox", `Select ${ann}`);
  await page.getByText("2 selected").waitFor();
  assert.equal(await state(), true);
  await hand.press("button", "Resend selected");
  const many = page.getByRole("dialog", { name: "Resend 2 invites?" });
  await many.getByText("1 of these declined.").waitFor();
  await many.getByRole("listitem").filter({ hasText: ann }).getByText(/: declined on \d+\s\w+$/).waitFor();
  await hand.press("button", "Don’t resend", many);
  await hand.press("link", "Declined 1");
  await rowOf(page, bob).waitFor({ state: "detached" });
  await rowOf(page, ann).getByText("Declined").waitFor();
  await hand.press("button", `History of the invite to ${ann}`);
  await page.getByRole("list", { name: `History of the invite to ${ann}` }).getByText("Declined").waitFor();
  await checkAccess(page);
  const question = page.getByRole("dialog", { name: `Resend the invite to ${ann}, who declined?` });
  await hand.press("button", `Resend invite to ${ann}`);
  await hand.press("button", "Don’t resend", question);
  assert.equal((await deal.row(ann)).status, "declined");
  await hand.press("button", `Resend invite to ${ann}`);
  await hand.press("button", "Resend invite", question);
  await page.getByText(`A new invite to ${ann} is on its way.`).first().waitFor();
  for (const name of ["Pending 2", "Declined 0"]) await page.getByRole("link", { name: tab(name) }).waitFor();
});

check("somebody who stopped invites is not invited, and the list and the result say so", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = people(deal);
  await deal.invite([ann]);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await deal.api("DELETE", `/invites/${(await deal.row(ann)).id}`);
  await enter(page, deal.manager, `${deal.path}?status=removed`);
  await rowOf(page, ann).getByText(/ Invite them again once they have\.$/).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Invite (all )?again/ }).count(), 0);
  await hand.press("link", "Invite people");
  await hand.paste("textbox", "Addresses", `${ann}\n${bob}`);
  await page.getByRole("heading", { name: "1 will be invited, 1 person stopped invites" }).waitFor();
  await rowOf(page, ann).getByText("Stopped invites", { exact: true }).waitFor();
  await checkAccess(page);
  await hand.press("button", "Send 1 invite");
  await page.getByRole("heading", { name: "1 person invited" }).waitFor();
  await page.getByText("Left out before sending: 1 person stopped invites.").waitFor();
  assert.equal((await stack.mails(ann)).length, 1);
});

check.detail("the check of a list says of an invite here that its person stopped invites, and leads to it", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob, cat] = people(deal);
  await deal.invite([ann, bob]);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await stack.event(bob, "complaint");
  await until("the complaint", async () => (await deal.rows("undelivered")).length === 1);
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", `${ann.toUpperCase()}\n${bob}\n${cat}`);
  await page.getByRole("heading", { name: "1 will be invited, 2 people stopped invites" }).waitFor();
  for (const email of [ann.toUpperCase(), bob]) await rowOf(page, email).getByText("Stopped invites", { exact: true }).waitFor();
  await rowOf(page, ann.toUpperCase()).getByText(/^Has a pending invite\. Stopped invites on \d+\s\w+\. .* Resend once they have\.$/).waitFor();
  await rowOf(page, bob).getByText(/ask the person for another address, and correct this one\.$/).waitFor();
  await checkAccess(page);
  await hand.press("link", "See the invite", rowOf(page, bob));
  await page.getByRole("button", { name: `Correct address ${bob}` }).waitFor();
  await hand.press("link", "Invite people");
  await hand.press("button", "Send 1 invite");
  const saved = page.waitForEvent("download");
  await hand.press("button", "Download result");
  const file = await readFile(await (await saved).path(), "utf8");
  assert.match(file, new RegExp(`\r\n${bob},,Stopped invites,"Has a pending invite\\. The email was marked as spam on .*, and correct this one\\."`));
});

check.detail("a list shows those together who stopped invites", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob, cat] = people(deal);
  await deal.invite([ann, bob, cat]);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await stack.event(bob, "complaint");
  await until("the complaint", async () => (await deal.rows("undelivered")).length === 1);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Show who stopped invites");
  await page.getByText("2 found · Your search hides 1 other invite of this list.").waitFor();
  assert.deepEqual((await page.getByRole("rowheader").allInnerTexts()).sort(), [ann, bob].sort());
  assert.equal(await page.getByRole("button", { name: "Show who stopped invites" }).count(), 0);
});

check.detail("a resend to somebody who stopped invites says why it is refused", { hands: [Keyboard], expect: [/status of 409/] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann] = people(deal);
  await deal.invite([ann]);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await enter(page, deal.manager, deal.path);
  await hand.press("button", `Resend invite to ${ann}`);
  await page.getByRole("alert").filter({ hasText: "stopped invites" }).filter({ hasText: `The resend to ${ann} failed.` }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0, "a retry cannot help");
  // The row says so as well, and so does a resend of many.
  await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
  await rowOf(page, ann).getByText(/^Stopped invites on \d+\s\w+\. .* Resend once they have\.$/).waitFor();
  // A failed resend is not about another search.
  await hand.write("searchbox", "Name or address contains", ann);
  await page.getByRole("alert").waitFor({ state: "detached" });
  await hand.press("checkbox", `Select ${ann}`);
  await hand.press("button", "Resend selected");
  await page.getByText(new RegExp(`^Not resent: ${ann} \\(stopped invites on \\d+\\s\\w+\\)\\. Who stopped invites can allow them again, with the link in an earlier email\\. Without one, the team that runs this site can, if asked\\.`)).waitFor();
  await hand.press("button", `History of the invite to ${ann}`);
  await page.getByText("Stopped invites", { exact: true }).waitFor();
});

check.detail("a second resend within a minute to somebody who stopped invites meanwhile is refused without a question", { hands: [Keyboard], expect: [/status of 409/] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann] = people(deal);
  await deal.invite([ann]);
  await stack.linkTo(ann);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", `Resend invite to ${ann}`);
  await rowOf(page, ann).getByText(/^Email (sent|delivered) on/).waitFor();
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await page.reload();
  await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
  await hand.press("button", `Resend invite to ${ann}`);
  await page.getByRole("alert").filter({ hasText: `The resend to ${ann} failed.` }).waitFor();
});

for (const [button, confirm] of [["Resend invite to", ""], ["Resend selected", "Resend 1 invite"]]) {
  check.detail(`“${button}” reaches a person who allowed invites again after a refusal`, { hands: [Keyboard], expect: [/status of 409/] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    const [ann] = people(deal);
    await deal.invite([ann]);
    await answer(stack, await stack.linkTo(ann), "opt-out");
    await enter(page, deal.manager, deal.path);
    await hand.press("button", `Resend invite to ${ann}`);
    await page.getByRole("alert").getByText(`The resend to ${ann} failed.`).waitFor();
    await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
    await answer(stack, await stack.linkTo(ann), "opt-in");
    if (confirm) await hand.press("checkbox", `Select ${ann}`);
    await hand.press("button", confirm ? button : `${button} ${ann}`);
    if (confirm) await hand.press("button", confirm, page.getByRole("dialog"));
    await page.getByText(confirm ? `1 invite resent: ${ann}.` : `A new invite to ${ann} is on its way.`).first().waitFor({ timeout: 5000 });
    assert.equal((await stack.mails(ann)).length, 2);
  });
}

check.detail("a list says who stopped invites, promises them no reminder, and reads no details", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = people(deal);
  await deal.invite([ann, bob]);
  await page.goto(await stack.linkTo(ann));
  await hand.press("button", "Not me / stop inviting me");
  await page.getByText("You stopped invites from").waitFor();
  const details = [];
  page.on("request", (request) => /\/invites\/[\w-]+$/.test(request.url()) && details.push(request.url()));
  await enter(page, deal.manager, deal.path);
  await rowOf(page, bob).getByText(/^Reminder on/).waitFor();
  await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
  await rowOf(page, ann).getByText(/^Stopped invites on \d+\s\w+\. They can allow them again, with .* Without one, the team that runs this site can, if asked\. Resend once they have\.$/).waitFor();
  assert.equal(await rowOf(page, ann).getByText(/^Reminder on/).count(), 0);
  await checkAccess(page);
  for (const [email, times] of [[ann, 0], [bob, 1]]) {
    await hand.press("button", `Cancel invite to ${email}`);
    const question = page.getByRole("dialog", { name: `Cancel the invite to ${email}?` });
    await question.getByText("can no longer accept").waitFor();
    assert.equal(await question.getByText("You can invite them again at any time, unless they stopped invites.").count(), times);
    await hand.press("button", "Keep invite", question);
  }
  assert.deepEqual(details, []);
  await hand.press("button", `Correct address ${ann}`);
  const warning = page.getByText(/^This person stopped invites on \d+\s\w+\. Use only an address that they gave you for invites\.$/);
  await hand.write("textbox", "Correct address", bob);
  await warning.waitFor();
  await hand.press("button", "Keep address");
  await hand.press("button", `Correct address ${bob}`);
  await hand.write("textbox", "Correct address", ann);
  assert.equal(await warning.count(), 0);
  await hand.press("button", "Keep address");
  await hand.write("searchbox", "Name or address contains", ann);
  await page.getByText("1 found").waitFor();
  await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
});

check.detail("a refused resend lets the row say that another invite’s email stopped it", { hands: [Keyboard], expect: [/status of 409/] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann] = people(deal);
  await deal.invite([ann]);
  await stack.linkTo(ann);
  await (await stack.newDeal({ org: deal.org })).invite([ann]);
  await until("the other mail", async () => (await stack.mails(ann)).length === 2);
  await answer(stack, await stack.linkTo(ann), "opt-out");
  await enter(page, deal.manager, deal.path);
  await rowOf(page, ann).getByText(/^Reminder on/).waitFor();
  await hand.press("button", `Resend invite to ${ann}`);
  await rowOf(page, ann).getByText("Pending – stopped invites").waitFor();
  assert.equal(await rowOf(page, ann).getByText(/^Reminder on/).count(), 0);
});

check.detail("a resend of many says who stopped invites, and names who was left out", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob, cat] = people(deal);
  await deal.invite([ann, bob, cat]);
  for (const email of [ann, bob]) await answer(stack, await stack.linkTo(email), "opt-out");
  await enter(page, deal.manager, deal.path);
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  const question = page.getByRole("dialog", { name: "Resend 1 invite?" });
  await question.getByText("2 invites are left out. Who stopped invites can allow them again, ").waitFor();
  await question.getByText(new RegExp(`^${ann}: Stopped invites on `)).waitFor();
  assert.equal(await question.locator("[role=region][tabindex='0']").count(), 2, "on a phone, a short list may scroll, too");
  await hand.press("button", "Resend 1 invite", question);
  await page.getByText(new RegExp(`^1 invite resent: ${cat}\\. Not resent: .* \\(stopped invites on \\d+\\s\\w+\\)\\. Who stopped invites can allow them again, `)).waitFor();
  for (const email of [ann, bob]) await rowOf(page, email).getByText("Pending – stopped invites").waitFor();
  const saved = page.waitForEvent("download");
  await hand.press("button", "Download result");
  const rows = (await readFile(await (await saved).path(), "utf8")).split("\r\n").slice(1).sort();
  assert.equal(rows.length, 3);
  for (const [at, email] of [ann, bob].entries())
    assert.match(rows[at], new RegExp(`^${email},,"?Stopped invites.* Resend once they have\\."?$`));
  assert.equal(rows[2], `${cat},,Resent,`);
});
