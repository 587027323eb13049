import { defineConfig } from "vite";

/** For both configurations: the SDK is taken from its sources, so that it needs no build of its own. */
export const resolve = {
  alias: { "@natter/client": new URL("../sdk/src/index.ts", import.meta.url).pathname },
};

export default defineConfig({
  resolve,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // Everything is a file of its own: a strict Content-Security-Policy lets no `data:` and nothing inline through.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: "hidden",
    rolldownOptions: { input: { index: new URL("index.html", import.meta.url).pathname } },
  },
});
