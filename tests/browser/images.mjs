/** Takes the pictures in `docs/images/`: each page, with invented people and dates. */
import { join, resolve } from "node:path";
import { chooseAccount, enter, launch, Mouse, open, PHONE } from "./browser.mjs";
import { ADMIN, Stack, tokenOf } from "./stack.mjs";

const IMAGES = resolve(import.meta.dirname, "../../docs/images");
const DAY = 86_400_000;
const NAMES = [
  "Amara Okafor", "Ben Whitfield", "Chloe Martin", "Daniel Osei", "Elif Demir", "Fergus Reid", "Grace Lin", "Hassan Ali", "Isla Campbell",
  "Jonas Weber", "Kezia Mensah", "Liam Byrne", "Mei Tanaka", "Noah Fischer", "Olivia Hughes", "Priya Nair", "Quentin Dubois", "Rosa Alvarez",
  "Samir Haddad", "Tove Lindqvist",
];
const emailOf = (name, place = "") => `${name.toLowerCase().replace(" ", ".")}${place}@harbourside.example`;

const people = (count, from = 0) => Array.from({ length: count }, (_, index) => {
  const number = index + from;
  const name = NAMES[number % NAMES.length];
  const round = Math.floor(number / NAMES.length);
  return { email: emailOf(name, round ? String(round) : ""), name };
});

const time = (before) => new Date(Date.now() - before).toISOString().replace(/\.\d+/, "");

/** The stack has just sent everything; this makes it look sent over the last weeks. */
async function spreadOverWeeks(page, deal) {
  await page.route(`**/api${deal.path}/seats*`, async (route) => {
    const answer = await (await route.fetch()).json();
    const invites = answer.invites.map((row, index) => {
      const sent = row.delivery.state === "queued" ? 0 : (row.status === "expired" ? 29 * DAY : 0) + index * 0.37 * DAY + 5_400_000;
      const accepted = row.acceptedAt && { acceptedAt: time(sent * 0.6) };
      return { ...row, queuedAt: time(sent), sentAt: row.sentAt && time(sent), expiresAt: row.expiresAt && time(sent - 28 * DAY), ...accepted };
    });
    await route.fulfill({ json: { ...answer, invites } });
  });
}

const stack = await Stack.start({ INVITE_LIFETIME: "2s" });
const browser = await launch();
const take = (page, name) => page.screenshot({ path: join(IMAGES, `${name}.png`) });
const at = async (options = {}) => (await open(browser, stack.url, { deviceScaleFactor: 2, viewport: { width: 1240, height: 1080 }, ...options })).page;

try {
  const deal = await stack.newDeal({ org: "harbourside", title: "Harbourside College", seats: 100, starts: -120, ends: 245 });
  await deal.invite(people(2));
  await deal.expired();
  await stack.restart();
  for (const { email, name } of people(40, 20)) {
    await deal.invite([{ email, name }]);
    await stack.accept(email, await stack.linkTo(email));
  }
  await deal.invite(people(14, 2));
  await stack.fault("reject", 1);
  await deal.invite(people(1, 16));
  // The newest rows come first, and some of these have to be accepted.
  for (const { email, name } of people(2, 17)) {
    await deal.invite([{ email, name }]);
    await stack.accept(`${email.split("@")[0]}@home.example`, await stack.linkTo(email));
  }
  await stack.fault("down", 100);
  await deal.invite(people(1, 19));
  await stack.fault("down", 0);

  const manager = await at();
  await spreadOverWeeks(manager, deal);
  await enter(manager, deal.manager, deal.path);
  await manager.getByRole("link", { name: /^All \d/ }).waitFor();
  await manager.getByRole("rowheader").first().waitFor();
  await take(manager, "deal-seats");

  const dark = await at({ colorScheme: "dark", viewport: PHONE });
  await spreadOverWeeks(dark, deal);
  await enter(dark, deal.manager, deal.path);
  await dark.getByRole("rowheader").first().waitFor();
  await take(dark, "deal-seats-phone");

  const inviting = await at();
  await enter(inviting, deal.manager, `${deal.path}/invite`);
  const hand = new Mouse(inviting);
  const list = [...people(8, 62), ...people(2, 10)].map(({ email, name }) => `${name}\t${email}`);
  await hand.paste("textbox", "Addresses", [...list, "Una Walsh\tuna.walsh(at)harbourside.example"].join("\n"));
  await inviting.getByRole("heading", { name: /8 will be invited/ }).waitFor();
  await inviting.evaluate(() => scrollTo(0, 0));
  await take(inviting, "invite");

  const learner = await at({ viewport: PHONE });
  await learner.goto(`/accept#${tokenOf(await stack.linkTo(people(1, 5)[0].email))}`);
  await learner.getByRole("button", { name: "Sign in to accept" }).click();
  await chooseAccount(learner, new Mouse(learner), "fergus@home.example");
  await learner.getByRole("button", { name: "Accept as fergus@home.example" }).waitFor();
  await take(learner, "accept");

  await stack.newDeal({ org: "harbourside", title: "Harbourside College", name: "Unlimited, evening courses", seats: 30, starts: 12, ends: 377 });
  const deals = await at({ viewport: { width: 1240, height: 480 } });
  await enter(deals, deal.manager, "/deals");
  await deals.getByRole("link", { name: "Unlimited", exact: true }).waitFor();
  await take(deals, "deals");

  const admin = await at({ viewport: { width: 1240, height: 480 } });
  await enter(admin, ADMIN, "/admin?organisation=harbourside");
  await admin.getByRole("button", { name: "Resize Unlimited", exact: true }).waitFor();
  await take(admin, "deals-admin");
} finally {
  await browser.close();
  await stack.stop();
}
