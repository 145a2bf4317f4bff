/**
 * The local stack with its real functions, and its API for tests.
 *
 * Invariant: each stack has its own port and its own folder, and removes the folder when it stops.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "target/debug/seatkeeper-local");
export const DIST = join(ROOT, "portal/dist");
export const ADMIN = "partnerships@futurelearn.example";

/** Waits until `look` finds something, and fails after some seconds: many, on a machine that does other work as well. */
export async function until(what, look, seconds = 90) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

export class Stack {
  #folder;
  #process;
  #deals = 0;
  #tokens = new Map();

  /** Starts a stack. No schedule runs unless `SWEEP_EVERY` is set. */
  static async start(env = {}) {
    const stack = new Stack();
    stack.#folder = await mkdtemp(join(tmpdir(), "seatkeeper-browser-"));
    await stack.#run(env);
    return stack;
  }

  /** Restarts the stack with the same data and other settings. */
  async restart(env = {}) {
    await this.#end();
    await this.#run(env);
  }

  async stop() {
    await this.#end();
    await rm(this.#folder, { recursive: true });
  }

  async #run(env) {
    const child = spawn(PROGRAM, {
      cwd: this.#folder,
      env: { PATH: process.env.PATH, TMPDIR: this.#folder, PORT: "0", SWEEP_EVERY: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const kill = () => child.kill();
    process.once("exit", kill);
    child.once("close", () => process.off("exit", kill));
    const said = [];
    child.stderr.on("data", (text) => said.push(text));
    const ready = new Promise((found, missed) => {
      createInterface(child.stdout).on("line", (line) => {
        const [, url] = /^ {2}portal +(http\S+)\/$/.exec(line) ?? [];
        if (url) found(url);
      });
      child.once("error", missed);
      child.once("close", () => missed(new Error(`the stack does not start: ${said.join("")}`)));
    });
    this.url = await ready;
    this.#tokens.clear();
  }

  async #end() {
    const ended = once(this.#process, "close");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async #token(email) {
    const known = this.#tokens.get(email);
    if (known) return known;
    // On a slow machine, a file of tests takes longer than the quarter of an hour for which a token is good.
    const form = new URLSearchParams({ grant_type: "password", username: email, expires_in: "86400" });
    const answer = await fetch(`${this.url}/oidc/token`, { method: "POST", body: form });
    const { access_token } = await answer.json();
    this.#tokens.set(email, access_token);
    return access_token;
  }

  /** Calls the API as this person; a refusal is an error. */
  async api(email, method, path, body, headers = {}) {
    const answer = await fetch(`${this.url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.#token(email)}`,
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  /** Creates a deal in a new organisation, so that tests do not see each other's deals. */
  async newDeal({ seats = 20, name = "Unlimited", org = `org-${++this.#deals}`, starts = -1, ends = 365, title = "Hill & Dale" } = {}) {
    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, "");
    const deal = await this.api(ADMIN, "POST", "/deals", {
      organisation: { id: org, name: title }, name, seats, startsAt: day(starts), endsAt: day(ends),
    }, { "idempotency-key": crypto.randomUUID() });
    return new TestDeal(this, deal, `manager@${org}.example`);
  }

  async mails(address) {
    const mails = await (await fetch(`${this.url}/inbox/messages.json`)).json();
    return address ? mails.filter(({ to }) => to === address) : mails;
  }

  /** The link in the newest mail to an address. */
  async linkTo(address) {
    const mail = await until(`a mail to ${address}`, async () => (await this.mails(address)).at(-1));
    return /http\S+\/accept#[\w-]+/.exec(mail.text)[0];
  }

  /** Makes the next calls to the mail service fail; see docs/settings.md on `/inbox/faults`. */
  async fault(mode, count, more = {}) {
    const answer = await fetch(`${this.url}/inbox/faults`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ mode, count, ...more }),
    });
    if (!answer.ok) throw new Error(`no fault: ${await answer.text()}`);
  }

  /** Publishes SES's event for the newest mail to an address; see docs/settings.md on `/inbox/events`. */
  async event(address, event) {
    const { id } = await until(`a mail to ${address}`, async () => (await this.mails(address)).at(-1));
    const answer = await fetch(`${this.url}/inbox/events`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ id, event }),
    });
    if (!answer.ok) throw new Error(`no event: ${await answer.text()}`);
  }

  async accept(learner, link) {
    return this.api(learner, "POST", "/invites/accept", { token: tokenOf(link) });
  }
}

export const tokenOf = (link) => link.split("#")[1];

/** `ann01@example.com`, `ann02@…`, in alphabetical order. */
export const addresses = (name, count) =>
  Array.from({ length: count }, (_, index) => `${name}${String(index + 1).padStart(String(count).length, "0")}@example.com`);

class TestDeal {
  constructor(stack, deal, manager) {
    this.stack = stack;
    this.manager = manager;
    this.id = deal.id;
    this.org = deal.organisation.id;
  }

  get path() {
    return `/deals/${this.id}`;
  }

  api(method, path = "", body, headers) {
    return this.stack.api(this.manager, method, `${this.path}${path}`, body, headers);
  }

  /** Invites people, 1,000 per request. Each is an address, or an object with an address and a name. */
  async invite(people) {
    const invites = people.map((person) => (typeof person === "string" ? { email: person } : person));
    for (let from = 0; from < invites.length; from += 1000) {
      await this.api("POST", "/invites", { invites: invites.slice(from, from + 1000) });
    }
  }

  /** Invites a learner, and accepts as that learner. */
  async seat(email, learner = email) {
    await this.invite([email]);
    await this.stack.accept(learner, await this.stack.linkTo(email));
  }

  async rows(status) {
    const { invites } = await this.api("GET", `/seats?limit=200${status ? `&status=${status}` : ""}`);
    return invites;
  }

  async row(email) {
    return (await this.rows()).find((row) => row.email === email);
  }

  async patch(change) {
    return this.stack.api(ADMIN, "PATCH", this.path, change);
  }

  /** Waits until every pending invite has expired. */
  async expired() {
    await until("all to expire", async () => (await this.api("GET", "/counts")).pending === 0);
  }
}
