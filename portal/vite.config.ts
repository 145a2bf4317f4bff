import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** The most that a page may load, compressed, in KiB. */
const BUDGETS = { "accept.html": 29, "index.html": 66 };
const CSS_BUDGET = 17;

/** Fails the build if a page loads more than its budget, imports on demand included. */
function budgets(): Plugin {
  return {
    name: "budgets",
    apply: "build",
    generateBundle(_, bundle) {
      const kib = (content: string | Uint8Array) => gzipSync(content).length / 1024;
      const scripts = (file: string, seen: Set<string>): number => {
        const chunk = bundle[file];
        if (chunk?.type !== "chunk" || seen.has(file)) return 0;
        seen.add(file);
        return [...chunk.imports, ...chunk.dynamicImports].reduce(
          (sum, next) => sum + scripts(next, seen),
          kib(chunk.code),
        );
      };
      const over: string[] = [];
      const hold = (what: string, size: number, limit: number) => {
        this.info(`${what}: ${size.toFixed(1)} of ${limit} KiB`);
        if (size > limit) over.push(`${what} is ${size.toFixed(1)} KiB, compressed; the budget is ${limit} KiB`);
      };
      for (const [page, limit] of Object.entries(BUDGETS)) {
        const entry = Object.values(bundle).find(
          (file) => file.type === "chunk" && file.facadeModuleId?.endsWith(`/${page}`),
        );
        if (!entry) throw new Error(`${page} has no script`);
        hold(`${page}'s script`, scripts(entry.fileName, new Set()), limit);
      }
      const styles = Object.values(bundle).filter((file) => file.type === "asset" && file.fileName.endsWith(".css"));
      const css = styles.reduce((sum, file) => sum + (file.type === "asset" ? kib(file.source) : 0), 0);
      hold("CSS", css, CSS_BUDGET);
      if (over.length > 0) throw new Error(over.join("\n"));
    },
  };
}

export default defineConfig({
  // Preact needs no preset: the compiler has an option for its JSX.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [budgets()],
  build: {
    target: "es2023",
    modulePreload: false,
    // The content security policy allows no `data:` URL for scripts and styles.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "accept.html"] },
  },
});
