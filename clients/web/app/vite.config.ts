import { defineConfig } from "vite";

/** For both configurations: the SDK is taken from its sources, so that it needs no build of its own. */
export const resolve = {
  alias: { "@natter/client": new URL("../sdk/src/index.ts", import.meta.url).pathname },
};

const BASE =
  /node_modules\/@?preact\/|\/sdk\/src\/|\/app\/src\/(state\/(?!room|rows|composing|relations)|parts\/(avatar|icons|menu|dialog|time|errors|names|preview)\.|screens\/lazy)/;

export default defineConfig({
  resolve,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // Everything is a file of its own: a strict Content-Security-Policy lets no `data:` and nothing inline through.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: "hidden",
    rolldownOptions: {
      input: {
        index: new URL("index.html", import.meta.url).pathname,
        sw: new URL("src/sw.ts", import.meta.url).pathname,
      },
      // A service worker is looked for where it was before, and may say of its own folder only.
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // What every screen needs is one file: many small ones are larger, and come later.
        codeSplitting: { groups: [{ name: "base", test: BASE }] },
      },
    },
  },
});
