/** Inviting: the outcome shown for each row before anything is sent, and the result of sending. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answered, chooseAccount, DESKTOP, enter, Keyboard, Mouse, PHONE } from "./browser.mjs";
import { ADMIN, addresses, tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";
import { workbook } from "./xlsx.mjs";

const check = suite();

const inviting = (page, deal) => enter(page, deal.manager, `${deal.path}/invite`);
const summary = (page, name) => page.getByRole("heading", { level: 2, name }).waitFor();
const rowOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
/** The expected outcome that the page shows for each address. */
const expectedOutcomes = async (page) => Object.fromEntries(await Promise.all(
  (await page.getByRole("table", { name: "What will happen" }).getByRole("row").all()).slice(1).map(async (row) => {
    const field = row.getByRole("rowheader").getByRole("textbox");
    const address = await field.count() ? await field.inputValue() : await row.getByRole("rowheader").innerText();
    return [address, await row.locator(".state").innerText()];
  }),
));
/** Presses a button that is not ready yet: the button takes the click and does nothing. */
const pressUnready = async (page, name) => {
  const button = page.getByRole("button", { name, exact: true });
  assert.ok(await button.isDisabled(), `“${name}” is disabled`);
  await button.click({ force: true });
};
/** Lets the next request with invites fail. */
const failInvites = (page, deal) =>
  page.route(`**/api${deal.path}/invites`, (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
const drafts = (page) => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("invite:")));

check("each row shows its outcome before anything is sent, and can be corrected or removed", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 4 });
  const at = (name) => `${name}@${deal.org}.example`;
  await deal.seat(at("ann"));
  await deal.invite([at("bob")]);
  await inviting(page, deal);
  const list = `Ann <${at("ann")}>, ${at("bob")}; ${at("cat")}\n${at("CAT")}\t${at("eve")}\ndan at example.com\n${at("fay")}`;
  await hand.paste("textbox", "Addresses", list);
  await summary(page, "3 will be invited, 1 is not an address, 1 is already pending, 1 has already accepted, 1 is a duplicate");
  assert.deepEqual(await expectedOutcomes(page), {
    "dan at example.com": "Not an address", [at("ann")]: "Already accepted", [at("bob")]: "Already pending", [at("CAT")]: "Duplicate",
    [at("cat")]: "Will be invited", [at("eve")]: "Will be invited", [at("fay")]: "Will be invited",
  });
  await page.getByText("4 people may still accept, but only 3 seats are left. The first 3 to accept get them.").waitFor();
  await hand.write("textbox", "Address in row 1", at("dan"));
  await page.keyboard.press("Tab");
  await summary(page, /^4 will be invited, 1 is already pending/);
  const [edit, remove] = await Promise.all(["Edit", "Remove"].map((name) => hand.find("button", `${name} ${at("fay")}`).boundingBox()));
  assert.ok(remove.x - edit.x - edit.width >= 6, "room between two links");
  await hand.press("button", `Remove ${at("eve")}`);
  await hand.press("button", `Edit ${at("fay")}`);
  const field = page.getByRole("rowheader").getByRole("textbox").last();
  await until("the field", () => field.evaluate((field) => field === document.activeElement));
  await page.keyboard.press("End");
  await page.keyboard.type(".uk");
  await page.keyboard.press("Tab");
  await until("the outcome", async () => (await expectedOutcomes(page))[`${at("fay")}.uk`] === "Will be invited");
  assert.deepEqual((await stack.mails()).filter(({ to }) => to.includes(deal.org)).length, 2, "a check mails nobody");
  await hand.press("button", "Send 3 invites");
  await summary(page, "3 people invited");
  await page.getByText("Left out before sending: 1 is already pending, 1 has already accepted, 1 is a duplicate.").waitFor();
  assert.deepEqual((await deal.rows("pending")).map(({ email }) => email).sort(), [at("bob"), at("cat"), at("dan"), `${at("fay")}.uk`]);
});

check.detail("a line that the columns do not explain is a row to look at, or is shown as left out until its address is in the list", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "Name,Email\nAnn Doe,ann@example.com\nfoo bar@acme.example\nplease add bob@example.com");
  await summary(page, "2 will be invited. 1 row says “Look again”.");
  const lines = page.getByRole("group").getByRole("listitem");
  assert.deepEqual(await lines.allInnerTexts(), ["Name,Email header line", "please add bob@example.com title, footer or sentence with an address"]);
  await hand.write("textbox", "More addresses", "bob@example.com");
  await page.keyboard.press("Control+Enter");
  await summary(page, "3 will be invited. 1 row says “Look again”.");
  await page.getByText("Left out: 1 header line.").waitFor();
});

check.detail("a checked address says that its earlier invite bounced, was declined, cancelled, or corrected, and leads to it", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const at = (name) => `${name}@${deal.org}.example`;
  await deal.invite(["ann", "bob", "cat", "eve", "fay", "gus"].map(at));
  for (const name of ["ann", "fay"]) await stack.event(at(name), "bounce");
  await stack.event(at("gus"), "complaint");
  await stack.api(at("bob"), "POST", "/invites/decline", { token: tokenOf(await stack.linkTo(at("bob"))) });
  await until("the bounces and the complaint", async () => (await deal.rows("undelivered")).length === 3);
  await deal.api("PATCH", `/invites/${(await deal.row(at("cat"))).id}`, { email: at("dan") }, { "if-match": '"1"' });
  for (const name of ["eve", "fay", "gus"]) await deal.api("DELETE", `/invites/${(await deal.row(at(name))).id}`, undefined, { "if-match": '"1"' });
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", ["ann", "bob", "cat", "dan", "eve", "fay", "gus"].map(at).join("\n"));
  await summary(page, "4 will be invited, 2 are already pending, 1 person stopped invites. 4 rows say “Look again”.");
  await rowOf(page, at("ann")).getByText(/^The email bounced on \d+\s\w+: no such mailbox\./).waitFor();
  await rowOf(page, at("bob")).getByText(/^Said no on \d+\s\w+\.$/).waitFor();
  await rowOf(page, at("cat")).getByText("This person got an invite at another address. This one would be a second. Will be invited again, unless you correct or remove it.").waitFor();
  await rowOf(page, at("cat")).getByText(new RegExp(`^The address was corrected to ${at("dan")} on \\d+\\s\\w+\\.$`)).waitFor();
  await rowOf(page, at("fay")).getByText("“Resend” in its row lifts the block. Will be invited again, unless you correct or remove it.").waitFor();
  await rowOf(page, at("fay")).getByText(/^Cancelled by a manager on \d+\s\w+\. The email had bounced on \d+\s\w+: no such mailbox\.$/).waitFor();
  await rowOf(page, at("gus")).getByText("Stopped invites", { exact: true }).waitFor();
  await rowOf(page, at("gus")).getByText(/^Cancelled by a manager on .* The email was marked as spam on .* another address, and invite that one\.$/).waitFor();
  await rowOf(page, at("eve")).getByText(/^Cancelled by a manager on \d+\s\w+\.$/).waitFor();
  assert.equal(await rowOf(page, at("dan")).getByRole("link").count(), 0);
  await hand.press("button", "Send 4 invites");
  const question = page.getByRole("dialog", { name: "Send although 4 rows say “Look again”?" });
  assert.equal(await question.getByRole("listitem").count(), 4);
  await question.getByText(new RegExp(`^${at("cat")}: This person got an invite at another address\\. This one would be a second\\. The address was corrected to ${at("dan")} on`)).waitFor();
  await question.getByText(new RegExp(`^${at("bob")}: Said no on \\d+\\s\\w+\\.$`)).waitFor();
  await hand.press("button", "Look again", question);
  await page.getByRole("row").filter({ hasText: "Look again" }).first().locator("button:focus", { hasText: "Edit" }).waitFor();
  await hand.press("link", "See the new invite", rowOf(page, at("cat")));
  await page.getByRole("button", { name: `Correct address ${at("dan")}` }).waitFor();
  assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [at("dan")]);
  assert.equal(page.url(), `${stack.url}${deal.path}`, "no address holds it");
  await page.goBack();
  await hand.press("link", "See the invite", rowOf(page, at("ann")));
  await page.getByRole("button", { name: `Correct address ${at("ann")}` }).waitFor();
  assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [at("ann")]);
  await page.goBack();
  await hand.press("link", "See the invite", rowOf(page, at("eve")));
  await page.getByRole("button", { name: `Invite again ${at("eve")}` }).waitFor();
  assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [at("eve")]);
});

for (const [what, typed, outcome, correct] of [
  ["an address", "Zoe Low <zoe@example.com>", "1 will be invited"],
  ["a name, whose address is then filled in", "Zoe Low", "1 has no address", "zoe@example.com"],
  ["a part of an address, which is then completed", "zoe@", "1 is not an address", "zoe@example.com"],
]) {
  check.detail(`somebody who is searched for in vain is invited by ${what}`, { hands: [Keyboard] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await deal.invite(["ann@example.com"]);
    await enter(page, deal.manager, deal.path);
    await hand.write("searchbox", "Name or address contains", typed);
    await hand.press("link", "Invite this person");
    await summary(page, outcome);
    if (correct) {
      const field = page.getByRole("textbox", { name: "Address in row 1" });
      await until("the focus", () => field.evaluate((field) => field === document.activeElement));
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.insertText(correct);
      await page.keyboard.press("Tab");
      await summary(page, "1 will be invited");
    }
    await hand.press("button", "Send 1 invite");
    await summary(page, "1 person invited");
    const { email, name } = await deal.row("zoe@example.com");
    assert.deepEqual([email, name], ["zoe@example.com", typed.startsWith("Zoe Low") ? "Zoe Low" : null]);
  });
}

check.detail("somebody who was searched for in vain is still there if the check fails", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await failInvites(page, deal);
  await hand.write("searchbox", "Name or address contains", "Zoe Low <zoe@example.com>");
  await hand.press("link", "Invite this person");
  await page.getByText("The addresses were not checked, and nothing was sent.").waitFor();
  await hand.press("button", "Try again");
  await summary(page, "1 will be invited");
  assert.deepEqual(Object.keys(await expectedOutcomes(page)), ["zoe@example.com"]);
});

check.detail("“Check…” after a paste leads to the checked list, and Escape undoes what was typed in a row", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com");
  await summary(page, "2 will be invited");
  await hand.press("button", "Check…");
  await page.locator("h2:focus", { hasText: "2 will be invited" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  await hand.press("button", "Edit ann@example.com");
  await page.getByRole("textbox", { name: "Address in row 1" }).waitFor();
  await hand.write("textbox", "Address in row 1", "ann@example");
  await page.keyboard.press("Escape");
  await page.locator("button:focus", { hasText: "Edit" }).waitFor();
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  await summary(page, "2 will be invited");
});

check.detail("a press on Send that ends the editing of a row sends once the row is checked", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com");
  await summary(page, "2 will be invited");
  await hand.press("button", "Edit bob@example.com");
  await hand.write("textbox", /^Address in row/, "dan@example.com");
  await hand.press("button", "Send 2 invites");
  await page.getByRole("heading", { name: /^2 people invited/ }).waitFor();
  assert.deepEqual((await deal.rows()).map(({ email }) => email).sort(), ["ann@example.com", "dan@example.com"]);
});

check.detail("Enter in an edited row checks it, and closes it unless it is wrong", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob at example.com");
  await summary(page, "1 will be invited, 1 is not an address");
  const typeInto = async (name, text) => {
    await hand.write("textbox", name, text);
    await page.keyboard.press("Enter");
  };
  await typeInto("Address in row 1", "bob@@example.com");
  await page.getByRole("button", { name: "bob@example.com", exact: true }).waitFor();
  await typeInto("Address in row 1", "bob@example.com");
  await summary(page, "2 will be invited");
  await page.locator("button:focus", { hasText: "Edit" }).waitFor();
  await hand.press("button", "Edit bob@example.com");
  await typeInto("Name in row 1", "Bob Roe");
  await rowOf(page, "bob@example.com").getByRole("cell", { name: "Bob Roe" }).waitFor();
  await until("the row is closed", async () => (await page.getByRole("rowheader").getByRole("textbox").count()) === 0);
});

check.detail("a mistyped domain is corrected in all its rows at once, if somebody wants it", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  const people = [..."abcde"].map((local) => `${local}@acme.${local < "c" ? "exmaple" : "example"}`);
  await hand.paste("textbox", "Addresses", [...people, "cat@gmial.com"].join("\n"));
  await summary(page, "6 will be invited. 3 rows say “Look again”.");
  assert.equal(await page.getByRole("button", { name: /^Correct all/ }).count(), 1);
  await page.getByText("2 addresses end in “@acme.exmaple”. Did you mean “@acme.example”?").waitFor();
  await hand.press("button", "Correct all 2");
  await summary(page, "6 will be invited. 1 row says “Look again”.");
  assert.equal(await page.getByRole("button", { name: /^Correct all/ }).count(), 0);
});

check.detail("one pasted person is checked at once, and what is pasted during a check is checked after it", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  let go = (_) => {};
  const held = new Promise((resolve) => (go = resolve));
  await page.route(`**/api${deal.path}/invites`, async (route) => {
    await held;
    await route.continue();
  });
  await hand.paste("textbox", "Addresses", "ann@example.com");
  await hand.paste("textbox", "Addresses", "bob@example.com");
  const waits = page.locator(".notice", { hasText: "What you pasted waits until this check ends. Then it is checked, too." });
  await waits.waitFor();
  go(undefined);
  await summary(page, "2 will be invited");
  assert.equal(await waits.count(), 0);
});

check.detail("typed addresses are checked with a button", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.press("button", "Check…");
  await page.getByRole("alert").filter({ hasText: "There is no address here yet." }).waitFor();
  await hand.write("textbox", "Addresses", "Manager: max@example.com");
  await hand.press("button", "Check…");
  await page.getByRole("alert").filter({ hasText: "The only addresses here seem to be private or somebody else’s." }).waitFor();
  await hand.write("textbox", "Addresses", "Ann Example <ann@example.com>");
  await hand.press("button", "Check…");
  await summary(page, "1 will be invited");
  await hand.write("textbox", "More addresses", "bob@example.com");
  await hand.press("button", "Check…");
  await summary(page, "2 will be invited");
  await hand.press("button", "Discard list");
  await hand.press("button", "Discard list", page.getByRole("dialog", { name: "Discard this list?" }));
  await page.getByRole("textbox", { name: "Addresses", exact: true }).waitFor();
  assert.deepEqual(await drafts(page), []);
  assert.deepEqual(await deal.rows(), []);
});

check("the CSV template can be downloaded and chosen as a file", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  const downloading = page.waitForEvent("download");
  await hand.press("link", "Download a template");
  const template = await (await downloading).path();
  const choosing = page.waitForEvent("filechooser");
  await hand.press("button", "Choose a file");
  await (await choosing).setFiles({ name: "template.csv", mimeType: "text/csv", buffer: await readFile(template) });
  await summary(page, "2 will be invited");
  await rowOf(page, "ann@example.com").getByText("Ann Example").waitFor();
});

check.detail("a file can be dropped anywhere on the page", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  const data = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["Name;E-Mail\r\nDoe, Ann;ann@example.com\r\n"], "people.csv", { type: "text/csv" }));
    return data;
  });
  for (const type of ["dragover", "drop"]) await page.dispatchEvent("h1", type, { dataTransfer: data });
  await summary(page, "1 will be invited");
  // “Doe, Ann” becomes “Ann Doe”, and the page mentions the header.
  await rowOf(page, "ann@example.com").getByText("Ann Doe").waitFor();
  await page.getByText("Left out: 1 header line.").waitFor();
});

const ACCOUNTS = "First Name [Required]\tLast Name [Required]\tEmail Address [Required]\tRecovery Email\n" +
  "Ann\tDoe\tann@example.com\tann@home.example\nBob\tRoe\tbob@example.com\t";

check("with two address columns, the page asks which one to invite", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", ACCOUNTS);
  await summary(page, "Which columns do you mean?");
  await page.getByText("This question is about the table that begins with “First Name [Required], ").waitFor();
  assert.equal(await page.getByRole("table", { name: "What will happen" }).count(), 0, "nothing is checked before a column is chosen");
  await page.getByRole("table", { name: "First rows" }).getByRole("cell", { name: "ann@home.example" }).waitFor();
  const chosen = (name) => page.getByRole("combobox", { name, exact: true }).evaluate(({ selectedOptions: [option] }) => option.textContent);
  assert.deepEqual(
    await Promise.all(["Address column", "Name column", "Family name column"].map(chosen)),
    ["Email Address [Required]", "First Name [Required]", "Last Name [Required]"],
  );
  await hand.press("button", "Use these columns");
  await summary(page, "2 will be invited");
  await rowOf(page, "ann@example.com").getByText("Ann Doe").waitFor();
  await rowOf(page, "bob@example.com").getByText("Bob Roe").waitFor();
  // The choice applies to this list only.
  await hand.paste("textbox", "More addresses", ACCOUNTS.replaceAll("ann@", "cat@").replaceAll("bob@", "dan@"));
  await summary(page, "Which columns do you mean?");
  await page.getByRole("combobox", { name: "Address column" }).selectOption({ label: "Recovery Email" });
  await page.getByRole("combobox", { name: "Family name column" }).selectOption({ label: "None" });
  await hand.press("button", "Use these columns");
  await summary(page, "3 will be invited, 1 has no address");
  await rowOf(page, "cat@home.example").getByText("Ann", { exact: true }).waitFor();
});

check("an Excel workbook is dropped: the page asks for its sheet, then for its columns", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  const book = workbook("staff.xlsx", {
    Notes: [["Ask HR"]],
    "Staff & more": [["Name", "Work Email", "Home Email"], ["Doe, Ann", "ann@example.com", "ann@home.example"], ["Bob Roe", "bob@example.com", ""]],
  });
  await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  const loaded = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  const data = await page.evaluateHandle(({ name, bytes }) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name));
    return data;
  }, { name: book.name, bytes: [...book.buffer] });
  for (const type of ["dragover", "drop"]) await page.dispatchEvent("#addresses", type, { dataTransfer: data });
  await summary(page, "Which sheet do you mean?");
  assert.deepEqual(loaded.map((path) => path.replace(/-[\w-]+\.js$/, "")), ["/assets/spreadsheet"], "only a workbook needs its script");
  await page.getByRole("radio", { name: "Staff & more 2 people", checked: true }).waitFor();
  await page.getByRole("radio", { name: "Notes no addresses", checked: false }).waitFor();
  await hand.press("button", "Use this sheet");
  await summary(page, "Which columns do you mean?");
  await hand.press("button", "Use these columns");
  await summary(page, "2 will be invited");
  await rowOf(page, "ann@example.com").getByText("Ann Doe").waitFor();
});

const OLD = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
check.detail("a spreadsheet that cannot be read says what to do", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.press("button", "Check…");
  const refusal = page.getByText("There is no address here yet.");
  await refusal.waitFor();
  const files = page.getByLabel("Excel or CSV file");
  const whole = workbook("cut.xlsx", { People: [["ann@example.com"]] });
  for (const [chosen, words] of [
    [{ ...whole, buffer: whole.buffer.subarray(0, 300) }, "cut.xlsx is damaged. Open it in your spreadsheet program, save it again, then choose the new file."],
    [file("old.xls", OLD, "W\0o\0r\0k\0b\0o\0o\0k\0"), "old.xls is in the format of older Excel versions. Open it, save it as an Excel workbook (.xlsx) or as CSV"],
    [file("safe.xlsx", OLD, "EncryptedPackage".replaceAll(/./g, "$&\0")), "safe.xlsx has a password. Open it, save a copy without a password, then choose the copy."],
    [workbook("empty.xlsx", { People: [] }), "empty.xlsx has no rows in a visible sheet. Choose another file."],
    [workbook("head.xlsx", { People: [["Name", "Email"]] }), "head.xlsx has a header line, and nobody below it. Choose another file."],
    [file("none.csv", "Name,Email\r\n"), "none.csv has a header line, and nobody below it. Choose another file."],
  ]) {
    await files.setInputFiles(chosen);
    await page.getByRole("alert").filter({ hasText: words }).waitFor();
  }
  assert.equal(await refusal.count(), 0, "it is of an earlier check");
  assert.equal(await page.getByRole("textbox", { name: "Addresses" }).inputValue(), "");
});

check.detail("a file that cannot be opened any more says so, and the next one is read", {}, async ({ t, page, stack, hand }) => {
  const folder = await mkdtemp(join(tmpdir(), "seatkeeper-files-"));
  t.after(() => rm(folder, { recursive: true }));
  const [asks, changed, last] = ["asks.csv", "changed.csv", "last.csv"].map((name) => join(folder, name));
  await writeFile(asks, "Name,Work Email,Home Email\nAnn Doe,ann@example.com,ann@home.example\n");
  await writeFile(changed, "bob@example.com\n");
  await writeFile(last, "cat@example.com\n");
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByLabel("Excel or CSV file").setInputFiles([asks, changed, last]);
  await summary(page, "Which columns do you mean?");
  await writeFile(changed, "bob@example.com\ndan@example.com\n");
  await hand.press("button", "Use these columns");
  await page.getByRole("alert").filter({ hasText: "changed.csv could not be opened." }).waitFor();
  await summary(page, "2 will be invited");
  assert.deepEqual(Object.keys(await expectedOutcomes(page)).sort(), ["ann@example.com", "cat@example.com"]);
});

check("the people of another deal come into the list, with what will happen to each", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const last = await stack.newDeal({ name: "Last year" });
  const next = await stack.newDeal({ org: last.org, name: "Next year" });
  await stack.newDeal({ org: last.org, name: "Other", ends: 300 });
  const at = (name) => `${name}@${last.org}.example`;
  for (const name of ["ann", "bob", "cat"]) await last.seat(at(name));
  await last.invite([{ email: at("dan"), name: "Dan Low" }, at("eve")]);
  await stack.api(at("eve"), "POST", "/invites/decline", { token: tokenOf(await stack.linkTo(at("eve"))) });
  await next.invite([at("bob")]);
  await enter(page, last.manager, `${next.path}/invite`);
  await hand.press("button", "From another deal");
  const panel = page.getByRole("region", { name: "From another deal" });
  const options = panel.getByRole("combobox", { name: "Deal" }).getByRole("option");
  await options.first().waitFor({ state: "attached" });
  assert.deepEqual(
    (await options.allTextContents()).map((text) => text.replace(/ on .*/, "")),
    ["Last year: 3 people with a seat, ends", "Other: 0 people with a seat, ends"],
  );
  await hand.press("button", "Add people", panel);
  await summary(page, "2 will be invited, 1 is already pending");
  await page.getByText("3 people of Last year added. Not added: 1 pending, 1 declined.").waitFor();
  await hand.press("button", `Remove ${at("ann")}`);
  await hand.press("button", "From another deal");
  await hand.press("checkbox", "Also add people whose invite there is pending", panel);
  await hand.press("button", "Add people", panel);
  await summary(page, "3 will be invited, 1 is already pending");
  await page.getByText("2 people of Last year added. 2 people were in the list already. Not added: 1 declined.").waitFor();
  await rowOf(page, at("dan")).getByText("Dan Low").waitFor();
  await hand.press("button", "Send 3 invites");
  await summary(page, "3 people invited");
  assert.deepEqual((await next.rows()).map(({ email }) => email).sort(), ["ann", "bob", "cat", "dan"].map(at));
});

check.detail("a link that names another deal adds its people without a question", {}, async ({ page, stack, hand }) => {
  const last = await stack.newDeal({ name: "Last year" });
  const next = await stack.newDeal({ org: last.org, name: "Next year" });
  const at = (name) => `${name}@${last.org}.example`;
  for (const name of ["ann", "bob"]) await last.seat(at(name));
  await next.invite([at("bob")]);
  await inviting(page, next);
  await hand.write("textbox", "Addresses", "unchecked@example.com");
  await page.goto(`${next.path}/invite?from=${last.id}`);
  await chooseAccount(page, hand, last.manager);
  await summary(page, "1 will be invited, 1 is already pending");
  assert.equal(page.url(), `${stack.url}${next.path}/invite`, "a reload does not add them again");
  assert.equal(await page.getByRole("region", { name: "From another deal" }).count(), 0);
  assert.equal(await page.getByRole("textbox", { name: "More addresses" }).inputValue(), "unchecked@example.com", "the text stays");
  const added = page.getByText(/^1 person of Last year added\.|^2 people of Last year added\./);
  await added.waitFor();
  await hand.press("button", "Discard list");
  await hand.press("button", "Discard list", page.getByRole("dialog", { name: "Discard this list?" }));
  await added.waitFor({ state: "detached" });
});

check.detail("people of another deal who could not be added are not added by a later “Try again”, and a changed list says that they were not", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const last = await stack.newDeal({ name: "Last year" });
  const next = await stack.newDeal({ org: last.org, name: "Next year" });
  await last.seat(`ann@${last.org}.example`);
  await inviting(page, next);
  const failed = () => page.getByText("The addresses were not checked, and nothing was sent.").waitFor();
  const edit = async (address) => {
    await hand.write("textbox", "Address in row 1", address);
    await page.keyboard.press("Tab");
  };
  const panel = page.getByRole("region", { name: "From another deal" });
  await hand.press("button", "From another deal");
  await failInvites(page, next);
  await hand.press("button", "Add people", panel);
  await failed();
  await hand.write("textbox", "Addresses", "zoe@example.com");
  await hand.press("button", "Check…");
  await summary(page, "1 will be invited");
  await failInvites(page, next);
  await hand.press("button", "Edit zoe@example.com");
  await edit("zoe@b.example");
  await failed();
  await hand.press("button", "Try again");
  await summary(page, "1 will be invited");
  assert.deepEqual(Object.keys(await expectedOutcomes(page)), ["zoe@b.example"]);
  const answer = await holdInvites(page, next);
  await hand.press("button", "Add people", panel);
  await page.getByRole("button", { name: "Check…", disabled: true }).waitFor();
  await edit("zoe@c.example");
  await until("the check of the edited row", async () => (await expectedOutcomes(page))["zoe@c.example"] === "Will be invited");
  answer();
  await page.getByRole("alert").filter({ hasText: "The list changed while these people were checked, so they were not added." }).waitFor();
  await hand.press("button", "Add people", panel);
  await summary(page, "2 will be invited");
});

check.detail("taking people from another deal shows its progress, and can be stopped", {}, async ({ page, stack, hand }) => {
  const last = await stack.newDeal({ name: "Last year", seats: 500 });
  const next = await stack.newDeal({ org: last.org, name: "Next year" });
  await last.invite(addresses(last.org, 450));
  await inviting(page, next);
  await hand.press("button", "From another deal");
  const panel = page.getByRole("region", { name: "From another deal" });
  await panel.getByRole("checkbox", { name: "Also add people whose invite there is pending", checked: true }).waitFor();
  let calls = 0;
  let go = (_) => {};
  const held = new Promise((resolve) => (go = () => resolve(undefined)));
  await page.route(`**/api${last.path}/seats?status=pending*`, async (route) => {
    calls += 1;
    if (calls === 2) await held;
    await route.continue();
  });
  await hand.press("button", "Add people", panel);
  await panel.getByText("200 of 450 people read").first().waitFor();
  await hand.press("button", "Stop", panel);
  go();
  await hand.press("button", "Close", panel);
  const opener = page.getByRole("button", { name: "From another deal", expanded: false });
  assert.ok(await opener.evaluate((button) => button === document.activeElement), "the focus returns");
  assert.equal(await page.getByRole("table", { name: "What will happen" }).count(), 0);
  assert.equal(calls, 2);
  await opener.press("Enter");
  await hand.press("button", "Add people", panel);
  await summary(page, "450 will be invited");
});

check.detail("changing the text withdraws the question about its columns", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", ACCOUNTS);
  await summary(page, "Which columns do you mean?");
  await hand.write("textbox", "Addresses", "ann@example.com");
  await page.getByRole("heading", { name: "Which columns do you mean?" }).waitFor({ state: "detached" });
  await hand.press("button", "Check…");
  await summary(page, "1 will be invited");
});

const file = (name, ...parts) => ({ name, mimeType: "text/csv", buffer: Buffer.concat(parts.map((part) => Buffer.from(part))) });

check.detail("a file in an older encoding is read correctly, and the page names the encoding", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByLabel("Excel or CSV file").setInputFiles(file("people.csv", "name,email\n", [0xa3], "ukasz,ann@example.com\n"));
  await summary(page, "1 will be invited");
  await rowOf(page, "ann@example.com").getByText("Łukasz").waitFor();
  await page.getByText("people.csv does not say which character encoding it uses, so it was read as Central European.").waitFor();
});

check.detail("when a file's encoding is ambiguous, the page asks for the right spelling", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByLabel("Excel or CSV file").setInputFiles(file("people.csv", "name,email\nDvo", [0xf8], "ak,ann@example.com\n"));
  await summary(page, "Which of these is spelt right?");
  await page.getByRole("radio", { name: /Dvořak/ }).check();
  await hand.press("button", "Use this spelling");
  await summary(page, "1 will be invited");
  await rowOf(page, "ann@example.com").getByText("Dvořak").waitFor();
});

check.detail("a file is not read when no spelling is right", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByLabel("Excel or CSV file").setInputFiles(file("people.csv", "name,email\nDvo", [0xf8], "ak,ann@example.com\n"));
  await summary(page, "Which of these is spelt right?");
  await pressUnready(page, "Use this spelling");
  await page.getByRole("radio", { name: "None of these" }).check();
  await hand.press("button", "Use this spelling");
  await page.getByRole("alert").filter({ hasText: "people.csv was not read. Save the sheet as “CSV UTF-8”" }).waitFor();
  assert.ok(await page.getByRole("textbox", { name: "Addresses" }).evaluate((box) => box === document.activeElement), "the focus is in the box");
  assert.equal(await page.getByRole("table", { name: "What will happen" }).count(), 0, "no spelling is preselected, and nothing is read");
});

check.detail("an address column with an unknown title is invited only once it is chosen", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "First name,Last name,E-mail tuteur\nAnn,Doe,ann@example.com");
  await summary(page, "Which columns do you mean?");
  await pressUnready(page, "Use these columns");
  await page.getByRole("combobox", { name: "Address column" }).selectOption({ label: "E-mail tuteur" });
  await page.getByRole("combobox", { name: "Name column", exact: true }).selectOption({ label: "No name" });
  assert.equal(await page.getByRole("combobox", { name: "Family name column" }).count(), 0, "without a name column there is no family name column");
  await hand.press("button", "Use these columns");
  await summary(page, "1 will be invited");
  await rowOf(page, "ann@example.com").getByText("–", { exact: true }).waitFor();
});

check.detail("a list that looks like a table can be read as a list", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com, bob@example.com\ncat@example.com, dan@example.com");
  await summary(page, "Which columns do you mean?");
  await hand.press("button", "None of these");
  await page.getByRole("alert").filter({ hasText: "No address was read. Correct the text above and check it again, or clear it." }).waitFor();
  assert.ok(await page.getByRole("textbox", { name: "Addresses" }).evaluate((box) => box === document.activeElement), "the focus is in the box");
  await hand.press("button", "Check…");
  await summary(page, "Which columns do you mean?");
  await page.getByRole("combobox", { name: "Address column" }).selectOption({ label: "All of them: this is a list, not a table" });
  await hand.press("button", "Use these columns");
  await summary(page, "4 will be invited");
  await hand.paste("textbox", "More addresses", "eve@example.com, fay@example.com\ngus@example.com, hal@example.com");
  await page.getByText("Answer the question above first: its addresses are not in this list yet.").waitFor();
  await hand.press("button", "None of these");
  await page.getByText("Check or clear the addresses above first").waitFor();
});

check("unchecked text blocks sending", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com");
  await summary(page, "2 will be invited");
  await hand.write("textbox", "More addresses", "cat@example.com");
  await page.getByText("Check or clear the addresses above first").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Send/ }).evaluate((button) => getComputedStyle(button).opacity), "0.5", "it looks as disabled as it is");
  await pressUnready(page, "Send 2 invites");
  await hand.press("button", "Check…");
  await summary(page, "3 will be invited");
  await hand.press("button", "Send 3 invites");
  await summary(page, "3 people invited");
});

check.detail("a reload brings back the question about columns", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.getByLabel("Excel or CSV file").setInputFiles(file("ann.csv", "Name,Work Email,Home Email\nAnn Doe,ann@example.com,ann@home.example\n"));
  await summary(page, "Which columns do you mean?");
  await page.reload();
  await summary(page, "Which columns do you mean?");
  await hand.press("button", "Use these columns");
  await summary(page, "1 will be invited");
});

check.detail("every dropped file is read, one question at a time", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  const files = page.getByLabel("Excel or CSV file");
  await files.setInputFiles([
    file("ann.csv", "Name,Work Email,Home Email\nAnn Doe,ann@example.com,ann@home.example\n"),
    file("bob.csv", "name,email\nDvo", [0xf8], "ak,bob@example.com\n"),
    file("cat.rtf", "{\\rtf1 cat@example.com}"),
  ]);
  await summary(page, "Which columns do you mean?");
  await page.getByText("2 files are waiting. First answer the question above.").waitFor();
  const asked = new Promise((resolve) => page.once("dialog", (dialog) => (resolve(dialog.type()), dialog.dismiss())));
  await page.evaluate(() => location.reload()).catch(() => undefined);
  assert.equal(await asked, "beforeunload", "a reload would lose the files");
  await files.setInputFiles(file("dan.csv", "Name;E-Mail\nDan Low;dan@example.com\n"));
  await page.getByText("3 files are waiting").waitFor();
  await hand.press("button", "Use these columns");
  await summary(page, "Which of these is spelt right?");
  await page.getByText("bob.csv does not say which character encoding it uses.").waitFor();
  await page.getByRole("radio", { name: /Dvořak/ }).check();
  await hand.press("button", "Use this spelling");
  await summary(page, "3 will be invited");
  await page.getByRole("alert").filter({ hasText: "cat.rtf is not a text file." }).waitFor();
});

check.detail("a file and the text in the box are read separately", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.write("textbox", "Addresses", "Ann Doe\nann (at) example.com");
  await page.getByLabel("Excel or CSV file").setInputFiles(file("people.csv", "Name,Email\nBob Roe,bob@example.com\n"));
  await summary(page, "1 will be invited, 2 are not addresses");
  await rowOf(page, "bob@example.com").getByText("Bob Roe").waitFor();
});

check.detail("a cell with several addresses asks for a correction", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "Name\tEmail\nAnn Doe\tann@example.com / ann@home.example");
  await hand.press("button", "Check…");
  await summary(page, "1 is not an address");
  await page.getByText("This is more than one address. Keep only the one to invite.").waitFor();
  await hand.write("textbox", "Address in row 1", "ann@example.com");
  await page.keyboard.press("Tab");
  await summary(page, "1 will be invited");
});

check.detail("an address with a likely typing mistake gets a suggestion", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "o’brien@example.com, ann@gmial.com");
  await summary(page, "1 will be invited, 1 is not an address");
  await hand.press("button", "o'brien@example.com");
  await summary(page, "2 will be invited");
  assert.equal(await page.getByRole("textbox", { name: "Address in row 1" }).inputValue(), "o'brien@example.com");
  await hand.press("button", "ann@gmail.com");
  await until("both", async () => {
    const all = await expectedOutcomes(page);
    return all["ann@gmail.com"] === "Will be invited" && all["o'brien@example.com"] === "Will be invited";
  });
});

check("addresses that may be mistyped are to be looked at again before they are sent", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.write("textbox", "Addresses", "ann@example.com\nfoo bar@acme.example\njo@gmial.com");
  await page.keyboard.press("Control+Enter");
  await summary(page, "3 will be invited. 2 rows say “Look again”.");
  assert.deepEqual(await expectedOutcomes(page), {
    "bar@acme.example": "Look again", "jo@gmial.com": "Look again", "ann@example.com": "Will be invited",
  });
  await rowOf(page, "bar@acme.example").getByText("The list says “foo bar@acme.example”. Will be invited, unless you correct or remove it.").waitFor();
  await hand.press("button", "Send 3 invites");
  const question = page.getByRole("dialog", { name: "Send although 2 rows say “Look again”?" });
  assert.deepEqual(await question.getByRole("listitem").allInnerTexts(), [
    "bar@acme.example: The list says “foo bar@acme.example”.",
    "jo@gmial.com: The part after the @ may be mistyped.",
  ]);
  await hand.press("button", "Look again", question);
  assert.deepEqual(await deal.rows(), []);
  await hand.press("button", "foo.bar@acme.example");
  await summary(page, "3 will be invited. 1 row says “Look again”.");
  await hand.press("button", "Send 3 invites");
  await hand.press("button", "Send 3 invites", page.getByRole("dialog"));
  await summary(page, "3 people invited");
  assert.deepEqual((await deal.rows()).map(({ email }) => email).sort(), ["ann@example.com", "foo.bar@acme.example", "jo@gmial.com"]);
});

check.detail("where a line does not say which text is the name, the page offers each", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com\nGus Hay;gus@example.com;Sales");
  await summary(page, "2 will be invited. 1 row says “Look again”.");
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await hand.press("button", "Gus Hay");
  await summary(page, "2 will be invited");
  await hand.press("button", "Send 2 invites");
  await summary(page, "2 people invited");
  assert.equal((await deal.row("gus@example.com")).name, "Gus Hay");
});

check("a reload changes neither the list nor who is invited, and the fuller of two duplicates is", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "zoe@example.com\nann@example.com\nnobody\nZoe Low <ZOE@example.com>\nEmail\nAnn Doe <ann@example.com>");
  const heading = "2 will be invited, 1 is not an address, 2 are duplicates";
  await summary(page, heading);
  const outcomes = await page.getByRole("table", { name: "What will happen" }).innerText();
  const edited = page.getByRole("textbox", { name: "Address in row 1" });
  await edited.fill("nobody else");
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await summary(page, heading);
  assert.equal(await edited.inputValue(), "nobody else");
  assert.equal(await page.getByRole("table", { name: "What will happen" }).innerText(), outcomes);
  await page.getByText("Left out: 1 header line.").waitFor();
  await page.getByText("You checked this list before, and did not send it.").waitFor();
  await hand.paste("textbox", "More addresses", "bob@example.com\ncat@example.com");
  await page.getByText("5 rows are from the list that you checked before and did not send.").waitFor();
  await page.getByRole("button", { name: "Send 4 invites, 2 from before" }).waitFor();
  for (const name of ["bob", "cat"]) await hand.press("button", `Remove ${name}@example.com`);
  await hand.press("button", "Send 2 invites");
  await summary(page, "2 people invited");
  assert.deepEqual((await deal.rows()).map(({ email, name }) => `${name} ${email}`).sort(), ["Ann Doe ann@example.com", "Zoe Low ZOE@example.com"]);
});

check.detail("a deal that ends within 30 days says so where people are invited, with the way to its successor", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ ends: 20 });
  await inviting(page, deal);
  await page.getByText(/^This deal ends in\s20\sdays, on .*\. People who accept have a seat until then\.$/).waitFor();
  await page.getByText("Ask your partnership manager for a new deal, so that your learners can go on.").waitFor();
  const next = await stack.newDeal({ org: deal.org, name: "Next year" });
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("link", { name: /^Go to Next year, which runs until / }).waitFor();
  await page.getByText("20 seats free.").waitFor();
  await hand.press("link", "Invite people there instead (Next year)");
  await page.getByRole("link", { name: "‹ Deal seats: Next year" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `${next.path}/invite`);
  assert.equal(await page.getByText("This deal ends").count(), 0);
});

check("inviting into a full deal says that nobody can accept until a seat is free", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 1 });
  await deal.seat("ann@example.com");
  await inviting(page, deal);
  await page.getByText("Every seat is taken: nobody can accept until a seat is free.").waitFor();
  await hand.paste("textbox", "Addresses", "bob@example.com, cat@example.com");
  await page.locator(".notice.warn", { hasText: "2 people can be invited, but nobody can accept until a seat is free." }).waitFor();
  const label = rowOf(page, "bob@example.com").getByText("Will be invited");
  const colours = await label.evaluate((label) => [label.closest(".state"), document.querySelector(".notice.warn")].map((element) => getComputedStyle(element).backgroundColor));
  assert.equal(colours[0], colours[1], "no row is green");
  await hand.press("button", "Send 2 invites");
  const question = page.getByRole("dialog", { name: "Send 2 invites, with 0 seats left?" });
  await question.getByText("2 people can be invited, but nobody can accept until a seat is free.").waitFor();
  await hand.press("button", "Send 2 invites", question);
  await page.getByRole("region", { name: "Result" }).getByText("Every seat is taken: nobody can accept until a seat is free.").waitFor();
});

check.detail("more than ten thousand addresses are refused before any check", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", addresses("ann", 10_001).join("\n"));
  await page.getByRole("alert").filter({ hasText: "These are 10,001 addresses, but a list can have at most 10,000. Nothing was checked." }).waitFor();
});

check("unexpected outcomes are listed, retried and downloaded", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "ann@example.com, bob@example.com, =cmd@example.com, nobody");
  await summary(page, "3 will be invited, 1 is not an address");
  // While the list is open, another manager invites bob. The write for =cmd fails.
  await deal.invite(["bob@example.com"]);
  await page.route(`**/api${deal.path}/invites`, async (route) => {
    const answer = await (await route.fetch({ postData: JSON.stringify({ invites: [{ email: "ann@example.com" }, { email: "bob@example.com" }], dryRun: false }) })).json();
    const lost = { email: "=cmd@example.com", outcome: "unavailable", detail: "Nothing is stored: try again." };
    await route.fulfill({ json: { ...answer, results: [...answer.results, lost] } });
  }, { times: 1 });
  await hand.press("button", "Send 3 invites");
  await summary(page, "1 person invited");
  await page.getByRole("heading", { name: "2 people were not invited" }).waitFor();
  assert.match(await rowOf(page, "bob@example.com").innerText(), /Will be invited\s+Already pending/);
  const downloading = page.waitForEvent("download");
  await hand.press("button", "Download result");
  const file = await readFile(await (await downloading).path(), "utf8");
  assert.match(file, /^\ufeffEmail,Name,Outcome,Detail\r\n/);
  assert.match(file, /\r\nann@example.com,,Invited,/);
  assert.match(file, /\r\n"?'=cmd@example.com"?,,Not sent,/, "no cell starts a formula");
  await hand.press("button", "Retry the failed invite");
  await summary(page, "2 people invited");
  await hand.press("button", "Go back to the unsent invite");
  await summary(page, "1 is not an address");
});

const SAID_NO = answered(409);

check.detail("the list of a deal that ends stays in sight, and can be copied or taken to another deal", { expect: [SAID_NO] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const next = await stack.newDeal({ org: deal.org, name: "Next year" });
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", 'Ann Doe <ann@example.com>, "Roe, Bob" <bob@example.com>, cat@example.com');
  await summary(page, "3 will be invited");
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await hand.press("button", "Send 3 invites");
  await page.getByText("3 invites were not sent. Nobody else can be invited to this deal now.").waitFor();
  await page.getByText(/^This deal ended on/).waitFor();
  assert.equal(await page.getByRole("button", { name: "Continue" }).count(), 0, "what can never work is not offered");
  await hand.press("link", "‹ Deal seats: Unlimited");
  await hand.press("link", "See the list");
  await hand.press("button", "Finish");
  await summary(page, "Nobody was invited");
  await hand.press("button", "Go back to the 3 unsent invites");
  await summary(page, "3 rows not sent");
  const text = page.getByRole("textbox", { name: "Your list" });
  const list = "Ann Doe <ann@example.com>\nBob Roe <bob@example.com>\ncat@example.com";
  assert.equal(await text.inputValue(), list);
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  assert.equal(await text.inputValue(), list);
  await hand.press("button", "Take the list to Next year");
  await hand.press("button", "Send 3 invites");
  await summary(page, "3 people invited");
  assert.deepEqual((await next.rows()).map(({ email, name }) => [email, name]).sort(), [
    ["ann@example.com", "Ann Doe"], ["bob@example.com", "Bob Roe"], ["cat@example.com", null],
  ]);
  assert.deepEqual(await drafts(page), []);
});

check.detail("the list of a deal that is deleted stays in sight", { expect: [answered(404)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const others = await Promise.all(["Spring", "Autumn"].map((name) => stack.newDeal({ org: deal.org, name })));
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "Ann Doe <ann@example.com>, bob@example.com");
  await summary(page, "2 will be invited");
  await stack.api(ADMIN, "DELETE", deal.path);
  await hand.press("button", "Send 2 invites");
  await page.getByRole("heading", { name: "Deal not found" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Your list" }).inputValue(), "Ann Doe <ann@example.com>\nbob@example.com");
  await page.getByLabel("Another deal").selectOption(others[1].id);
  await hand.press("button", "Take the list there");
  await page.getByRole("link", { name: "‹ Deal seats: Autumn" }).waitFor();
  await summary(page, "2 will be invited");
});

/** @type {[way: string, leave: (test: any) => Promise<void>][]} */
const WAYS = [
  ["the deal's page", async ({ page, hand, deal }) => {
    await hand.press("link", "See the deal’s seats");
    await rowOf(page, "ann@example.com").waitFor();
    await hand.press("link", "Invite people");
    await page.waitForURL((url) => url.pathname === `${deal.path}/invite`);
  }],
  ["“Invite more people”", ({ hand }) => hand.press("button", "Invite more people")],
  ["a reload", async ({ page, hand, deal }) => {
    await page.reload();
    await chooseAccount(page, hand, deal.manager);
  }],
  ["the browser's Back and Forward", async ({ page }) => {
    await page.goBack();
    await rowOf(page, "ann@example.com").waitFor();
    await page.goForward();
  }],
];
for (const [way, leave] of WAYS) {
  check.detail(`rows that were not sent stay when the result is left by ${way}`, {}, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await enter(page, deal.manager, deal.path);
    await hand.press("link", "Invite people");
    await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com\nnobody");
    await summary(page, "2 will be invited, 1 is not an address");
    await page.route(`**/api${deal.path}/invites`, async (route) => {
      const answer = await (await route.fetch({ postData: JSON.stringify({ invites: [{ email: "ann@example.com" }], dryRun: false }) })).json();
      await route.fulfill({ json: { ...answer, results: [...answer.results, { email: "bob@example.com", outcome: "unavailable", detail: "" }] } });
    }, { times: 1 });
    await hand.press("button", "Send 2 invites");
    await summary(page, "1 person invited");
    await leave({ page, hand, deal });
    await summary(page, "1 will be invited, 1 is not an address");
    await page.getByText("2 rows are left from your last list.").waitFor();
    const downloading = page.waitForEvent("download");
    await hand.press("button", "Download result");
    const file = await readFile(await (await downloading).path(), "utf8");
    for (const line of [/^ann@example.com,,Invited,/m, /^bob@example.com,,Not sent,/m, /^nobody,,Not an address,/m]) assert.match(file, line);
    await hand.press("button", "Remove nobody");
    await page.getByText("1 row is left from your last list.").waitFor();
    await hand.press("button", "Send 1 invite");
    await summary(page, "1 person invited");
    assert.deepEqual(await drafts(page), []);
    await hand.press("button", "Invite more people");
    await page.getByRole("textbox", { name: "Addresses", exact: true }).waitFor();
    assert.equal(await page.getByText("left from your last list").count(), 0);
  });
}

for (const viewport of [DESKTOP, PHONE]) {
  check.detail(`a double click on “Remove” removes one row, which can be restored, and an edited row has “Done”, ${viewport.width} px wide`, { viewport }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await deal.invite(["ann@example.com"]);
    await inviting(page, deal);
    // The first row is higher than the others.
    await hand.paste("textbox", "Addresses", "Zoe Low <ann@example.com>, bob@example.com, cat@example.com");
    const [heading, one, none] = ["2 will be invited, 1 is already pending", "2 will be invited", "Every row is removed"];
    await summary(page, heading);
    await page.getByRole("button", { name: "Remove ann@example.com" }).dblclick();
    await summary(page, one);
    assert.equal((await expectedOutcomes(page))["ann@example.com"], "Removed");
    for (const name of ["bob", "cat"]) await page.getByRole("button", { name: `Remove ${name}@example.com` }).dblclick();
    await summary(page, none);
    assert.deepEqual(await drafts(page), []);
    await hand.press("button", "Undo: restore cat@example.com");
    await summary(page, "1 will be invited");
    const focused = await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label"));
    assert.equal(await focused.jsonValue(), "Remove cat@example.com");
    await hand.press("button", "Edit cat@example.com");
    await page.getByRole("textbox", { name: "Name in row 3" }).fill("Cat Poe");
    await hand.press("button", "Done with cat@example.com");
    await rowOf(page, "cat@example.com").getByText("Cat Poe").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Name in row 3" }).count(), 0);
    await hand.press("button", "Send 1 invite");
    await summary(page, "1 person invited");
  });
}

/** Holds the next request with invites until the returned function is called. */
async function holdInvites(page, deal) {
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route(`**/api${deal.path}/invites`, async (route) => {
    await asked;
    await route.continue();
  }, { times: 1 });
  return answer;
}

check.detail("invites that were stopped stay when the result is left", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 200 });
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", addresses("ann", 60).join("\n"));
  await summary(page, "60 will be invited");
  const answer = await holdInvites(page, deal);
  await hand.press("button", "Send 60 invites");
  await hand.press("button", "Stop");
  answer();
  await hand.press("button", "Finish without the rest");
  await summary(page, "50 people invited");
  await hand.press("link", "See the deal’s seats");
  await hand.press("link", "Invite people");
  await summary(page, "10 will be invited");
  await page.getByText("10 rows are left from your last list.").waitFor();
  await hand.write("textbox", "More addresses", "zoe@example.com");
  await page.keyboard.press("Control+Enter");
  await summary(page, "11 will be invited");
  await page.getByText("10 rows are left from your last list.").waitFor();
});

check("sending shows its progress, and can be stopped and resumed", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 200 });
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", addresses("ann", 120).join("\n"));
  await summary(page, "120 will be invited");
  const answer = await holdInvites(page, deal);
  await hand.press("button", "Send 120 invites");
  await page.getByRole("progressbar", { name: "Invites sent" }).waitFor();
  await hand.press("button", "Stop");
  answer();
  await summary(page, "Stopped");
  await page.getByText("50 of 120 sent").first().waitFor();
  assert.equal((await deal.rows()).length, 50);
  const words = "Sending invites to Unlimited has stopped. 70 invites are left.";
  await hand.press("link", "‹ Deal seats: Unlimited");
  await page.getByText(words).waitFor();
  await hand.press("link", "Deals");
  await page.getByText(words).waitFor();
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByText(words).waitFor();
  await hand.press("link", "Continue or finish");
  await hand.press("button", "Continue");
  await summary(page, "120 people invited");
  assert.equal((await deal.rows()).length, 120);
  await hand.press("link", "Deals");
  await page.getByRole("link", { name: "Invite people to Unlimited" }).waitFor();
  assert.equal(await page.getByText("has stopped").count(), 0);
});

check.detail("sending is shown on other pages, with its end and the way to its result", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 200 });
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", addresses("ann", 20).join("\n"));
  await summary(page, "20 will be invited");
  const answer = await holdInvites(page, deal);
  await hand.press("button", "Send 20 invites");
  await hand.press("link", "Deals");
  await page.getByText("Unlimited: inviting people, 0 of 20 done.").waitFor();
  await hand.press("link", "Reminders of Unlimited");
  await page.getByRole("button", { name: "Save reminders" }).waitFor();
  answer();
  await page.locator(".ongoing").filter({ hasText: "Unlimited: inviting people has ended, 20 of 20 done." }).waitFor();
  await hand.press("link", "See the result");
  await summary(page, "20 people invited");
  await hand.press("link", "Deals");
  await page.getByRole("table").waitFor();
  assert.equal(await page.locator(".ongoing").count(), 0);
});

/** @type {[way: string, leave: (test: any) => Promise<any>][]} */
const ENDS = [
  ["closing the tab", async ({ page }) => {
    const asked = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    assert.equal(dialog.type(), "beforeunload");
    await dialog.dismiss();
  }],
  ["signing out", async ({ page, hand }) => {
    await hand.press("button", "Sign out");
    await hand.press("button", "Stay signed in", page.getByRole("dialog", { name: "Sign out while invites are being sent?" }));
  }],
];
for (const [way, leave] of ENDS) {
  check.detail(`${way} while invites are being sent asks first, also on another page`, {}, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ seats: 200 });
    await inviting(page, deal);
    await hand.paste("textbox", "Addresses", addresses("ann", 60).join("\n"));
    await summary(page, "60 will be invited");
    const answer = await holdInvites(page, deal);
    await hand.press("button", "Send 60 invites");
    await page.getByRole("progressbar", { name: "Invites sent" }).waitFor();
    await hand.press("link", "‹ Deal seats: Unlimited");
    await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
    await leave({ page, hand });
    answer();
    await until("all to be sent", async () => (await deal.rows()).length === 60);
  });
}

check("sending resumes after a failed batch, and nobody receives two mails", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 200 });
  const people = addresses(deal.org, 60);
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", people.join("\n"));
  await summary(page, "60 will be invited");
  let calls = 0;
  await page.route(`**/api${deal.path}/invites`, async (route) => {
    calls += 1;
    if (calls !== 2) return route.continue();
    // The request succeeds, but its response is lost.
    await route.fetch();
    await route.fulfill({ status: 503, contentType: "application/problem+json", json: { code: "unavailable", status: 503, title: "", detail: "Try again." } });
  });
  await hand.press("button", "Send 60 invites");
  await summary(page, "Not all invites could be sent");
  await page.getByText("50 of 60 sent").first().waitFor();
  await hand.press("button", "Continue");
  await page.getByRole("button", { name: "Download result" }).waitFor();
  const mails = (await stack.mails()).map(({ to }) => to).filter((to) => to.startsWith(deal.org));
  assert.deepEqual(mails.sort(), people);
});

check("a draft survives an expired session, and is deleted once it is sent", { expect: [answered(401)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await page.route(`**/api${deal.path}/invites`, (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }));
  await hand.paste("textbox", "Addresses", "Ann <ann@example.com>, bob@example.com");
  await page.getByText("Your session has ended.").waitFor();
  await page.unroute(`**/api${deal.path}/invites`);
  await hand.press("button", "Sign in again");
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `${deal.path}/invite`);
  assert.equal(await page.getByRole("textbox", { name: "Addresses" }).inputValue(), "Ann <ann@example.com>, bob@example.com");
  await hand.press("button", "Check…");
  await summary(page, "2 will be invited");
  assert.deepEqual(await drafts(page), [`invite:${deal.id}`]);
  await hand.press("button", "Send 2 invites");
  await summary(page, "2 people invited");
  assert.deepEqual(await drafts(page), []);
});

check("signing out deletes the draft", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await inviting(page, deal);
  await hand.write("textbox", "Addresses", "ann@example.com");
  await until("the draft", async () => (await drafts(page)).length === 1);
  await hand.press("button", "Sign out");
  await page.waitForURL(`${stack.url}/`);
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
});

/** @type {[what: string, begin: (test: any) => Promise<any>, last: number][]} */
const UNDER_WAY = [
  ["checked", async ({ page, hand, deal }) => {
    const answer = await holdInvites(page, deal);
    await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com");
    await page.getByRole("button", { name: "Check…", disabled: true }).waitFor();
    await hand.press("button", "Sign out");
    return answer;
  }, 200],
  ["sent", async ({ page, hand, deal }) => {
    await hand.paste("textbox", "Addresses", addresses("ann", 60).join("\n"));
    await summary(page, "60 will be invited");
    const answer = await holdInvites(page, deal);
    await hand.press("button", "Send 60 invites");
    await hand.press("button", "Sign out");
    await hand.press("button", "Sign out", page.getByRole("dialog", { name: "Sign out while invites are being sent?" }));
    return answer;
  }, 401],
];
for (const [what, begin, last] of UNDER_WAY) {
  check.detail(`signing out deletes a list that is being ${what}, whenever the answer comes`, { expect: [answered(401)] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal({ seats: 200 });
    await inviting(page, deal);
    let leave = (_) => {};
    const held = new Promise((resolve) => (leave = resolve));
    await page.route("**/.well-known/*", async (route) => {
      await held;
      await route.continue();
    });
    const answer = await begin({ page, hand, deal });
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    const came = page.waitForResponse((response) => response.url().endsWith("/invites") && response.status() === last);
    answer();
    await (await came).finished();
    assert.equal(await page.getByText("Your session has ended.").count(), 0);
    leave();
    await page.waitForURL(`${stack.url}/`);
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  });
}

check.detail("new invites appear on the Deal seats page even if the server returns an older list", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["old@example.com"]);
  const older = await deal.api("GET", "/seats");
  await inviting(page, deal);
  await hand.paste("textbox", "Addresses", "Ann Example <ann@example.com>\nbob@example.com");
  await hand.press("button", "Send 2 invites");
  await summary(page, "2 people invited");
  await page.route(`**/api${deal.path}/seats*`, (route) => route.fulfill({ json: older }));
  await hand.press("link", "See the deal’s seats");
  await rowOf(page, "ann@example.com").waitFor();
  await until("three rows", async () => (await page.getByRole("table", { name: "Invites" }).getByRole("rowheader").count()) === 3);
});

check.detail("a manager can copy the mail settings for an IT team", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await inviting(page, deal);
  const summary = page.getByText("Emails not arriving? Copy this for the IT team.");
  if (hand instanceof Mouse) await summary.click();
  else {
    await until("the focus", async () => {
      await page.keyboard.press("Tab");
      return page.evaluate(() => document.activeElement.localName === "summary");
    });
    await page.keyboard.press("Enter");
  }
  await hand.press("button", "Copy");
  await page.getByText("Copied").first().waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  for (const word of ["please.do.not.reply@futurelearn.com", "FutureLearn Invitation", stack.url]) assert.ok(copied.includes(word), word);
});
