import { defineConfig } from "vitest/config";

// The server that `npm run dev` takes its data from.
const server = process.env["TICKWIRE_SERVER"] ?? "http://localhost:8080";

export default defineConfig({
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    target: "es2023",
    // The content security policy has no place for data: addresses or inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What is bundled is not ours alone: its licences go with it.
    license: { fileName: "licenses.txt" },
    chunkSizeWarningLimit: 800, // kB before compression; see e2e/weight.mjs for what is sent
  },
  server: { proxy: { "/v1": { target: server, ws: true } } },
  test: { include: ["src/**/*.test.ts", "example/*.test.ts"], environment: "node" },
});
