/** The function at CloudFront that maps paths to pages; the local stack is asked the same in `infra/local`. */
import { expect, it } from "vitest";
import paths from "../../infra/local/tests/portal-paths.json?raw";
import template from "../../infra/template.yaml?raw";

const [, indented] = /\n {6}FunctionCode: \|\n((?: {8}.*\n)+)/.exec(template)!;
const handler = new Function(`${indented}; return handler;`)() as (event: { request: { uri: string } }) => { uri: string };

const PAGES = Object.entries(JSON.parse(paths) as Record<string, string[]>);
it.each(PAGES.flatMap(([page, paths]) => paths.map((path) => [path, page])))("%s is the page “%s”, or the file itself", (path, page) => {
  expect(handler({ request: { uri: path } }).uri).toBe(page ? `/${page}` : path);
});
