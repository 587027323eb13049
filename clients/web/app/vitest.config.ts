import { defineConfig } from "vitest/config";
import { resolve } from "./vite.config.js";

export default defineConfig({
  resolve,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    setupFiles: ["test/layout.ts"],
    isolate: false,
    testTimeout: 60_000,
    pool: "threads",
  },
});
