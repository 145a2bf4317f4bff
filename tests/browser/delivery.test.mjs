/** What happened to each mail, and the step that mends it. */
import assert from "node:assert/strict";
import { checkAccess } from "./access.mjs";
import { answered, enter, Keyboard } from "./browser.mjs";
import { tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const rowOf = (page, email) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: email }) });
const isKnown = (deal, email, state) => until(`${email} to be ${state}`, async () => (await deal.row(email)).delivery.state === state);

check("a mail that bounced is found, its address corrected, and its history told", { hands: [Keyboard], expect: [answered(400), answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [typo, meant] = [`ann.${deal.org}@gmial.com`, `ann.${deal.org}@gmail.com`];
  const [bob, cat] = [`bob@${deal.org}.example`, `cat@${deal.org}.example`];
  await deal.invite([typo, bob, cat]);
  await isKnown(deal, bob, "delivered");
  await stack.event(typo, "bounce");
  await stack.event(cat, "complaint");
  await isKnown(deal, typo, "bounced");
  await isKnown(deal, cat, "complained");
  await enter(page, deal.manager, deal.path);
  await rowOf(page, bob).getByText(/^Email delivered on/).waitFor();
  await hand.press("link", "Not delivered 2");
  await rowOf(page, cat).getByText("Pending – marked as spam").waitFor();
  const resend = page.getByRole("button", { name: `Resend invite to ${cat}` });
  assert.equal(await resend.getAttribute("aria-disabled"), "true");
  const why = await resend.evaluate((button) => document.getElementById(button.getAttribute("aria-describedby")).textContent);
  assert.match(why, /, which stopped invites\. They can allow them again, .* Or ask the person for another address/);
  await rowOf(page, typo).getByText(/^The email bounced on \d+\s\w+: no such mailbox\./).waitFor();
  await hand.press("button", `Correct address ${typo}`);
  await hand.press("button", `Use ${meant}`);
  assert.equal(await page.getByRole("textbox", { name: "Correct address" }).inputValue(), meant);
  await checkAccess(page);
  await hand.write("textbox", "Correct address", typo);
  await hand.press("button", "Correct and send");
  await page.getByRole("alert").getByText("Change the address or the name first.").waitFor();
  await hand.write("textbox", "Correct address", "nonsense");
  await hand.press("button", "Correct and send");
  await page.getByRole("alert").getByText("This is not an email address.").waitFor();
  await hand.write("textbox", "Correct address", cat);
  await hand.press("button", "Correct and send");
  await page.getByRole("alert").getByText(/^The person at .* stopped invites, or marked one as spam\./).waitFor();
  await hand.write("textbox", "Correct address", meant);
  await hand.press("button", "Correct and send");
  await page.getByText(`${typo} is corrected to ${meant}.`).waitFor();
  await page.getByRole("link", { name: "Not delivered 1" }).waitFor();
  await stack.linkTo(meant);
  await hand.press("button", `History of the invite to ${meant}`);
  const history = page.getByRole("list", { name: `History of the invite to ${meant}` });
  await history.getByText(`Address corrected from ${typo} to ${meant}`).waitFor();
  await history.getByText(`by ${deal.manager}`).first().waitFor();
  await checkAccess(page);
});

check.detail("many who cannot be resent to are counted by reason, and an address that stopped invites is no correction", { expect: [answered(409)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const bounced = ["ann", "bob", "cat", "dan"].map((name) => `bounce+${name}.${deal.org}@simulator.amazonses.com`);
  const [eve, gil] = [`eve@${deal.org}.example`, `gil@${deal.org}.example`];
  await deal.invite([...bounced, eve, gil]);
  await stack.event(gil, "complaint");
  await isKnown(deal, gil, "complained");
  await stack.api(eve, "POST", "/invites/opt-out", { token: tokenOf(await stack.linkTo(eve)) });
  for (const email of bounced) await isKnown(deal, email, "bounced");
  await enter(page, deal.manager, `${deal.path}?status=undelivered`);
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  await page.getByText("Not resent: 4 invites (bounced: no such mailbox); 1 invite (marked as spam). Once a mailbox that bounced works, use “Resend” in its row. Each row in “Not delivered” says the next step.").waitFor();
  await hand.press("button", `Correct address ${bounced[0]}`);
  await hand.write("textbox", "Correct address", eve);
  await hand.press("button", "Correct and send");
  await page.getByRole("alert").filter({ hasText: `The person at ${eve} stopped invites, or marked one as spam.` }).filter({ hasText: /Enter another address\.$/ }).waitFor();
  await hand.press("button", `Resend invite to ${bounced[1]}`);
  await page.getByText(`A new invite to ${bounced[1]} is on its way.`).first().waitFor();
});

check.detail("a search for a corrected address says so, and leads to the new invite", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [typo, meant] = [`ann.${deal.org}@gmial.com`, `ann.${deal.org}@gmail.com`];
  await deal.invite([typo, `bob@${deal.org}.example`]);
  await deal.api("PATCH", `/invites/${(await deal.row(typo)).id}`, { email: meant });
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", "Name or address contains", "gmial");
  await hand.press("link", "Search the removed");
  await rowOf(page, typo).getByText(`The address was corrected to ${meant} on`).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("type")), "search", "the focus stays at the list");
  await checkAccess(page);
  await hand.press("button", `History of the invite to ${typo}`);
  await page.getByRole("list", { name: `History of the invite to ${typo}` }).getByText(`Address corrected to ${meant}`).waitFor();
  await hand.press("button", `Go to the new invite to ${meant}`);
  await page.locator(":focus", { hasText: "Correct address" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), `Correct address ${meant}`);
  await rowOf(page, meant).getByText("Pending").waitFor();
  assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [meant]);
  assert.equal(page.url(), `${stack.url}${deal.path}`);
  const found = page.getByRole("searchbox", { name: "Name or address contains" });
  for (const [go, email, text] of [["goBack", typo, "gmial"], ["goForward", meant, meant], ["goBack", typo, "gmial"]]) {
    await page[go]();
    await rowOf(page, email).waitFor();
    // The search begins when the person pauses.
    await page.waitForTimeout(500);
    assert.equal(await found.inputValue(), text);
    assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [email]);
  }
});

check.detail("a corrected row names the new address, however it begins, and leads to its invite as long as that is listed", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [old, first, second] = ["ann", "roe", "zoe"].map((name) => `${name}@${deal.org}.example`);
  await deal.invite([old]);
  const correct = async (email, to) => deal.api("PATCH", `/invites/${(await deal.row(email)).id}`, { email: to });
  await correct(old, first);
  await enter(page, deal.manager, `${deal.path}?status=removed`);
  await rowOf(page, old).getByText(`The address was corrected to ${first} on`).waitFor();
  await page.getByRole("button", { name: `Go to the new invite to ${first}` }).waitFor();
  await correct(first, second);
  await hand.press("link", "All 1");
  await hand.press("link", "Removed");
  await rowOf(page, first).getByText(`The address was corrected to ${second} on`).waitFor();
  await rowOf(page, old).getByText(new RegExp(`^The address was corrected to ${first} on .*, and later to ${second}\\.$`)).waitFor();
  for (const email of [old, first]) await rowOf(page, email).getByRole("button", { name: `Go to the new invite to ${second}` }).waitFor();
  await hand.press("link", "Invite people");
  await hand.paste("textbox", "Addresses", `${old}\n${first}`);
  for (const email of [old, first]) {
    await rowOf(page, email).getByText("This person got an invite at another address. This one would be a second.").waitFor();
    await hand.press("link", "See the new invite", rowOf(page, email));
    await page.getByRole("button", { name: `Correct address ${second}` }).waitFor();
    assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [second]);
    await page.goBack();
  }
  await deal.api("DELETE", `/invites/${(await deal.row(second)).id}`);
  await page.reload();
  for (const email of [old, first]) await rowOf(page, email).getByText(new RegExp(`The invite to ${second} was cancelled on \\d+\\s\\w+\\.$`)).waitFor();
  assert.equal(await page.getByText("would be a second").count(), 0);
});

check.detail("a mail that has waited for long says so, and that nothing needs to be done", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
  await stack.fault("down", 100);
  await deal.invite([ann, bob]);
  await stack.fault("down", 0);
  await page.route(`**/api${deal.path}/seats*`, async (route) => {
    const answer = await (await route.fetch()).json();
    const queuedAt = new Date(Date.now() - 16 * 60_000).toISOString();
    await route.fulfill({ json: { ...answer, invites: answer.invites.map((row) => (row.email === ann ? { ...row, queuedAt } : row)) } });
  });
  await enter(page, deal.manager, deal.path);
  await rowOf(page, ann).getByText("Waiting to be sent").waitFor();
  await rowOf(page, bob).getByText("Sending…").waitFor();
  await page.getByRole("status").filter({ hasText: /^1 email on this page has waited for more than 15 minutes\./ }).waitFor();
});

check.detail("a correction to an address with another invite says what becomes of both, and leaves one row", { hands: [Keyboard], expect: [answered(409), answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const at = (name) => `${name}@${deal.org}.example`;
  await deal.invite([{ email: at("typo"), name: "Pers Ten" }, { email: at("erik"), name: "Erik Low" }, at("cat"), at("dan"), at("gil")]);
  await stack.api(at("erik"), "POST", "/invites/decline", { token: tokenOf(await stack.linkTo(at("erik"))) });
  await stack.api(at("dan"), "POST", "/invites/accept", { token: tokenOf(await stack.linkTo(at("dan"))) });
  await deal.api("DELETE", `/invites/${(await deal.row(at("cat"))).id}`);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", `Correct address ${at("typo")}`);
  for (const [to, words] of [
    [at("cat"), new RegExp(`^${at("cat")} had an invite to this deal before\\. Cancelled by a manager on`)],
    [deal.manager, "This is your own address."],
    [at("info"), /^This seems to be the address of a group or role/],
    [at("erik"), new RegExp(`^${at("erik")} has an invite to this deal already, for Erik Low\\. Said no on`)],
  ]) {
    await hand.write("textbox", "Correct address", to);
    await hand.press("button", "Correct and send");
    const question = page.getByRole("dialog", { name: `Correct to ${to}?` });
    await question.getByText(words).waitFor();
    if (to === at("erik")) await checkAccess(page);
    await hand.press("button", "Look again", question);
  }
  for (const [to, why] of [["dan", "a seat. Enter another address."], ["gil", "a pending invite already. Enter another address, or cancel this invite."]]) {
    await hand.write("textbox", "Correct address", at(to));
    await hand.press("button", "Correct and send");
    await page.getByRole("alert").getByText(`The person at ${at(to)} has ${why}`).waitFor();
  }
  await hand.write("textbox", "Correct address", at("erik"));
  await hand.press("button", "Correct and send");
  const question = page.getByRole("dialog", { name: `Correct to ${at("erik")}?` });
  await question.getByText("The two invites become one, for Pers Ten. The name Erik Low is lost: to keep it, enter it below Name.", { exact: true }).waitFor();
  await hand.press("button", "Correct and send", question);
  await page.getByText(`${at("typo")} is corrected to ${at("erik")}.`).waitFor();
  assert.deepEqual((await page.getByRole("rowheader").allInnerTexts()).map((text) => text.split("\n")[0]).toSorted(), [at("dan"), at("erik"), at("gil")]);
  await page.getByRole("link", { name: "Declined 0" }).waitFor();
});

check.detail("the history and the correction of an invite that somebody removed since say so", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [typo, meant] = ["tyop", "typo"].map((name) => `${name}@${deal.org}.example`);
  await deal.invite([typo, `bob@${deal.org}.example`]);
  await enter(page, deal.manager, deal.path);
  await deal.api("PATCH", `/invites/${(await deal.row(typo)).id}`, { email: meant });
  await hand.press("button", `History of the invite to ${typo}`);
  await page.getByText(`The address ${typo} was corrected to ${meant} by ${deal.manager} in the meantime. The new address got an invite of its own.`).waitFor();
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await rowOf(page, meant).waitFor();
  await deal.api("DELETE", `/invites/${(await deal.row(`bob@${deal.org}.example`)).id}`);
  await hand.press("button", `Correct address bob@${deal.org}.example`);
  await page.getByText(`The invite to bob@${deal.org}.example was cancelled by ${deal.manager} in the meantime.`).waitFor();
  // A name brings no other row, and the focus stays in this one.
  await hand.press("button", `Correct address ${meant}`);
  await hand.write("textbox", "Name", "Tyra Po");
  await hand.press("button", "Save");
  await page.getByText(`${meant} is now named Tyra Po.`).waitFor();
  await page.locator(":focus", { hasText: "Correct address" }).waitFor();
});

check.detail("a row that was searched for and corrected is found by the link of its message", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [typo, meant] = [`jon.${deal.org}@gmial.com`, `joan.${deal.org}@gmail.com`];
  await deal.invite([typo, `bob@${deal.org}.example`]);
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", "Name or address contains", "gmial");
  await page.getByText("1 found").waitFor();
  await hand.press("button", `Correct address ${typo}`);
  await hand.write("textbox", "Correct address", meant);
  await hand.press("button", "Correct and send");
  await page.getByText(`${typo} is corrected to ${meant}.`).waitFor();
  await rowOf(page, meant).waitFor({ state: "detached" });
  await checkAccess(page);
  await hand.press("button", `Go to the invite to ${meant}`);
  await rowOf(page, meant).getByText("Pending").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), `Correct address ${meant}`);
});
