import { afterEach, expect, test, vi } from "vitest";
import { Export, fileName } from "./export";

afterEach(() => vi.unstubAllGlobals());

const HEAD = "email,name\r\n";
const PATH = "/api/deals/d/seats.csv";
const csv = (text: string, next?: string) =>
  new Response(text, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      ...(next && { link: `<${PATH}?cursor=${next}>; rel="next"` }),
    },
  });

/** Answers requests in turn, and returns their paths. */
function answer(...answers: (() => Response | Promise<Response>)[]) {
  const paths: string[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    paths.push(path);
    return answers.shift()!();
  });
  return paths;
}

test("the pages of the file are joined by their links, with the number of rows so far", async () => {
  const paths = answer(
    () => csv(`${HEAD}a,\r\nb,\r\n`, "2"),
    () => csv("c,\r\n", "3"),
    () => csv(""),
  );
  const file = new Export("d", "pending");
  const progress: number[] = [];
  expect(await file.run((rows) => progress.push(rows) > 0)).toBe(true);
  expect(file.text).toBe(`${HEAD}a,\r\nb,\r\nc,\r\n`);
  expect(progress).toEqual([2, 3, 3]);
  expect(paths).toEqual([`${PATH}?status=pending`, `${PATH}?cursor=2`, `${PATH}?cursor=3`]);
});

test("the file of a search has its invites only, and counts these", async () => {
  answer(
    () => csv(`${HEAD}a,1\r\nb,'-2\r\n`, "2"),
    () => csv("c,3\r\n", "3"),
    () => csv("d,1\r\n"),
  );
  const file = new Export("d", undefined, new Set(["1", "-2"]));
  expect(await file.run(() => true)).toBe(true);
  expect([file.text, file.rows]).toEqual([`${HEAD}a,1\r\nb,'-2\r\nd,1\r\n`, 3]);
});

test.each<[string, () => Response | Promise<Response>]>([
  ["no answer", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["half an answer", () => csv("c,\r\nd")],
  ["another page", () => new Response("<p>Sign in to this network</p>", { headers: { "content-type": "text/html" } })],
])("after %s, the file continues with the page that is missing", async (_, fault) => {
  const paths = answer(
    () => csv(`${HEAD}a,\r\n`, "2"),
    fault,
    () => csv("c,\r\n"),
  );
  const file = new Export("d", undefined);
  await expect(file.run(() => true)).rejects.toMatchObject({ temporary: true });
  expect(await file.run(() => true)).toBe(true);
  expect([file.text, file.rows]).toEqual([`${HEAD}a,\r\nc,\r\n`, 2]);
  expect(paths).toEqual([PATH, `${PATH}?cursor=2`, `${PATH}?cursor=2`]);
});

test("a download that is stopped is not complete", async () => {
  answer(() => csv(`${HEAD}a,\r\n`, "2"));
  expect(await new Export("d", undefined).run(() => false)).toBe(false);
});

test.each([
  ["Unlimited", undefined, "seats-unlimited-2026-11-27.csv"],
  ["Evening courses: 2026/27", "pending", "seats-evening-courses-2026-27-pending-2026-11-27.csv"],
  ["../Größe & Ñandú", undefined, "seats-größe-ñandú-2026-11-27.csv"],
  ["학".repeat(100), undefined, `seats-${"학".repeat(50)}-2026-11-27.csv`],
  ["★", "removed", "seats-d1-removed-2026-11-27.csv"],
] as const)("the file of “%s” has a name that every system takes", (name, status, file) => {
  const now = Date.parse("2026-11-27T23:59:00Z");
  expect(fileName({ id: "d1", name }, { status }, now)).toBe(file);
  expect(fileName({ id: "d1", name }, { status, only: new Set() }, now)).toBe(
    file.replace("-2026-11", "-search-2026-11"),
  );
});
