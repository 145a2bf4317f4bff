/** The CloudFront function that maps paths to pages. `infra/local` tests the local stack with the same paths. */
import { expect, it } from "vitest";
import paths from "../../infra/local/tests/portal-paths.json?raw";
import template from "../../infra/template.yaml?raw";

interface Request {
  uri: string;
  headers: Record<string, { value: string }>;
}
const [, indented] = /\n {6}FunctionCode: \|\n((?: {8}.*\n)+)/.exec(template)!;
const handler = new Function(`${indented}; return handler;`)() as (event: { request: Request }) => Request;

const BROWSER = { accept: { value: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const OTHERS: Request["headers"][] = [{}, { accept: { value: "*/*" } }];
const uriFor = (uri: string, headers: Request["headers"]) => handler({ request: { uri, headers } }).uri;

const ROUTES = Object.entries(JSON.parse(paths) as Record<string, string[]>);
it.each(ROUTES.flatMap(([page, paths]) => paths.map((path) => [path, page] as const)))("%s is %s", (path, page) => {
  const [, forBrowsers] = /^(\w+\.html)/.exec(page) ?? [];
  const forOthers = page === forBrowsers ? page : undefined;
  expect(uriFor(path, BROWSER)).toBe(forBrowsers ? `/${forBrowsers}` : path);
  for (const headers of OTHERS) expect(uriFor(path, headers)).toBe(forOthers ? `/${forOthers}` : path);
});

it.each(Object.keys(import.meta.glob("../public/**", { query: "?url" })))("%s is a file of its own", (name) => {
  const path = name.replace("../public", "");
  expect(uriFor(path, BROWSER)).toBe(path);
});
