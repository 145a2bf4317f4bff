/** The story of a new term: a workbook of 300 people, what happens to some of them, the export, and the next deal, in few actions. */
import assert from "node:assert/strict";
import { enter } from "./browser.mjs";
import { tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";
import { workbook } from "./xlsx.mjs";

const check = suite();
const PEOPLE = 300;
const SEATED = 12;

check("a workbook of 300 people is invited, mended, exported, and invited again next term", {}, async ({ page, stack, hand }) => {
  const term = await stack.newDeal({ seats: 400, name: "Spring" });
  const next = await stack.newDeal({ org: term.org, seats: 400, name: "Autumn" });
  const at = (name) => `${name}@${term.org}.example`;
  const name = (index) => `p${String(index).padStart(3, "0")}`;
  const says = (text) => page.getByText(text).first().waitFor();
  const summary = (text) => page.getByRole("heading", { level: 2, name: text }).waitFor();
  const answer = async (name, what) => stack.api(at(name), "POST", `/invites/${what}`, { token: tokenOf(await stack.linkTo(at(name))) });

  await enter(page, term.manager, "/deals");
  await hand.press("link", "Invite people to Spring");
  const rows = Array.from({ length: PEOPLE }, (_, index) => [`Person ${index}`, at(name(index)), `${name(index)}@home.example`]);
  const choosing = page.waitForEvent("filechooser");
  await hand.press("button", "Choose a file");
  const sheets = { Notes: [["Ask HR"]], Staff: [["Name", "Work Email", "Home Email"], ...rows] };
  await (await choosing).setFiles(workbook("spring.xlsx", sheets));
  await page.getByRole("radio", { name: `Staff ${PEOPLE} people`, checked: true }).waitFor();
  await hand.press("button", "Use this sheet");
  await summary("Which columns do you mean?");
  await hand.press("button", "Use these columns");
  await summary(`${PEOPLE} will be invited`);
  await hand.press("button", `Send ${PEOPLE} invites`);
  await summary(`${PEOPLE} people invited`);

  // One mail bounces, two people decline, one loses the link and asks for another, and some accept.
  await stack.event(at(name(0)), "bounce");
  for (const index of [1, 2]) await answer(name(index), "decline");
  const older = await stack.linkTo(at(name(3)));
  const { id } = await term.api("POST", "/seats/search", { email: at(name(3)) }).then(({ invites: [invite] }) => invite);
  await term.api("POST", `/invites/${id}/resend`);
  await stack.api(at(name(3)), "POST", "/invites/ask", { token: tokenOf(older) });
  for (let index = 4; index < 4 + SEATED; index += 1) await answer(name(index), "accept");
  await until("the bounce", async () => (await term.api("GET", "/counts")).undelivered === 1);

  await hand.press("link", "See the deal’s seats");
  await hand.press("link", "Not delivered 1");
  await hand.press("button", `Correct address ${at(name(0))}`);
  await hand.write("textbox", "Correct address", at("corrected"));
  await hand.press("button", "Correct and send");
  await says(`${at(name(0))} is corrected to ${at("corrected")}.`);
  await hand.press("link", /^Asked/);
  await hand.press("button", `Resend invite to ${at(name(3))}`);
  await says(`A new invite to ${at(name(3))} is on its way`);
  assert.equal((await stack.mails(at(name(3)))).length, 3);
  await hand.press("link", /^Declined/);
  for (const index of [1, 2]) await page.getByRole("rowheader", { name: at(name(index)) }).waitFor();

  const lines = (await exported(page, term)).trimEnd().split("\r\n");
  assert.equal(lines.length, 1 + PEOPLE);
  const states = lines.slice(1).map((line) => line.split(",")[2]);
  assert.deepEqual(["accepted", "declined", "pending"].map((state) => states.filter((one) => one === state).length), [SEATED, 2, PEOPLE - SEATED - 2]);

  await hand.press("link", "Deals");
  await hand.press("link", "Invite people to Autumn");
  await hand.press("button", "From another deal");
  await hand.press("button", "Add people");
  await summary(`${SEATED} will be invited`);
  await says(`${SEATED} people of Spring added. Not added: ${PEOPLE - SEATED - 2} pending, 2 declined.`);
  await hand.press("button", `Remove ${at(name(4))}`);
  await hand.press("button", `Send ${SEATED - 1} invites`);
  await summary(`${SEATED - 1} people invited`);
  assert.ok(hand.actions <= 20, `${hand.actions} actions`);
  assert.deepEqual(
    (await next.rows()).map(({ email }) => email).sort(),
    Array.from({ length: SEATED - 1 }, (_, index) => at(name(5 + index))),
  );
  assert.equal((await term.rows("accepted")).length, SEATED, "the old deal keeps its seats");
});

/** The invites of a deal as CSV, with the session of the page. */
async function exported(page, deal) {
  const counting = page.waitForRequest((request) => request.url().endsWith("/counts"));
  await page.reload();
  const { authorization } = (await counting).headers();
  let path = `/api${deal.path}/seats.csv`;
  let text = "";
  while (path) {
    const response = await page.request.get(path, { headers: { authorization } });
    text += await response.text();
    path = /<([^>]+)>; rel="next"/.exec(response.headers().link ?? "")?.[1] ?? "";
  }
  return text;
}
