import { defineConfig } from "vite";

// A library: one module.
export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    target: "es2022",
    minify: false,
    sourcemap: true,
  },
});
