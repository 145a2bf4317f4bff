import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** The most that a page may load at first, compressed, in KiB. */
const BUDGETS = { "accept.html": 30, "index.html": 57 };
/** The most that a script may add when it is needed. */
const ON_DEMAND = 30;
const CSS_BUDGET = 17;

/** Fails the build if a page loads more than its budget, at first or on demand. */
function budgets(built: string): Plugin {
  return {
    name: "budgets",
    apply: "build",
    generateBundle(_, bundle) {
      const kib = (content: string | Uint8Array) => gzipSync(content).length / 1024;
      const scripts = (file: string, seen: Set<string>): number => {
        const chunk = bundle[file];
        if (chunk?.type !== "chunk" || seen.has(file)) return 0;
        seen.add(file);
        return chunk.imports.reduce((sum, next) => sum + scripts(next, seen), kib(chunk.code));
      };
      const over: string[] = [];
      const hold = (what: string, size: number, limit: number) => {
        this.info(`${what}: ${size.toFixed(1)} of ${limit} KiB`);
        if (size > limit) over.push(`${what} is ${size.toFixed(1)} KiB, compressed; the budget is ${limit} KiB`);
      };
      const held = new Set<string>();
      /** Holds what these scripts load when it is needed, and what that loads in turn. */
      const later = (loaded: Set<string>) => {
        for (const file of loaded) {
          const chunk = bundle[file];
          for (const next of chunk?.type === "chunk" ? chunk.dynamicImports : []) {
            if (loaded.has(next) || held.has(next)) continue;
            held.add(next);
            const then = new Set(loaded);
            hold(`${next}, on demand`, scripts(next, then), ON_DEMAND);
            later(then);
          }
        }
      };
      for (const [page, limit] of Object.entries(BUDGETS).filter(([page]) => page === built)) {
        const entry = Object.values(bundle).find(
          (file) => file.type === "chunk" && file.facadeModuleId?.endsWith(`/${page}`),
        );
        if (!entry) throw new Error(`${page} has no script`);
        const loaded = new Set<string>();
        hold(`${page}'s script`, scripts(entry.fileName, loaded), limit);
        later(loaded);
      }
      const styles = Object.values(bundle).filter((file) => file.type === "asset" && file.fileName.endsWith(".css"));
      const css = styles.reduce((sum, file) => sum + (file.type === "asset" ? kib(file.source) : 0), 0);
      hold("CSS", css, CSS_BUDGET);
      if (over.length > 0) throw new Error(over.join("\n"));
    },
  };
}

/** Each page is built by itself, as the mode: a script that both share would hold what only managers need. */
export default defineConfig(({ mode }) => ({
  // Preact needs no preset: the compiler has an option for its JSX.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [budgets(`${mode}.html`)],
  build: {
    target: "es2023",
    modulePreload: false,
    // The content security policy allows no `data:` URL for scripts and styles.
    assetsInlineLimit: 0,
    emptyOutDir: mode === "index",
    rolldownOptions: {
      input: `${mode}.html`,
      // In one script, what a page loads at first compresses best.
      output: { codeSplitting: { groups: [{ name: mode, tags: ["$initial"] }] } },
    },
  },
}));
