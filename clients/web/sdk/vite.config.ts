import { defineConfig } from "vite";

// A library: one module, with what it depends on left to whoever bundles it.
export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    rolldownOptions: { external: ["idb"] },
    target: "es2022",
    minify: false,
    sourcemap: true,
  },
});
