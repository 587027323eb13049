// @vitest-environment node

/** What is served: how large it is, and that a strict Content-Security-Policy lets it work. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";

const APP = new URL("..", import.meta.url).pathname;
/** JavaScript until somebody can sign in, or sees the inbox, gzipped, with its language. */
const FIRST_BYTES = 60_000;
/** And until a conversation is seen. */
const WITH_CONVERSATION_BYTES = 64_000;

interface Chunk {
  readonly fileName: string;
  readonly type: "chunk" | "asset";
  readonly code?: string;
  readonly source?: string | Uint8Array;
  readonly imports?: string[];
  readonly facadeModuleId?: string | null;
}

let output: Chunk[];

beforeAll(async () => {
  const built = await build({ root: APP, logLevel: "silent", build: { write: false } });
  output = (built as unknown as { output: Chunk[] }).output;
}, 60_000);

function withImports(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const each of output.find((chunk) => chunk.fileName === name)?.imports ?? []) withImports(each, seen);
  return seen;
}

function chunkOf(source: string): string {
  const chunk = output.find((each) => each.facadeModuleId?.endsWith(source));
  if (!chunk) throw new Error(`no chunk of ${source}`);
  return chunk.fileName;
}

function sizeOf(...sources: string[]): number {
  const needed = new Set<string>();
  for (const each of sources) withImports(chunkOf(each), needed);
  expect(needed.size).toBeGreaterThan(2);
  const codes = [...needed].map((name) => output.find((each) => each.fileName === name)?.code as string);
  return codes.reduce((sum, code) => sum + gzipSync(code, { level: 9 }).length, 0);
}

test("the first screen is within the budget, and so is a conversation", () => {
  const first = sizeOf("index.html", "strings/de.ts");
  const withConversation = sizeOf("index.html", "strings/de.ts", "screens/conversation.tsx");
  console.log(`@natter/app: ${first} B gz for the first screen, ${withConversation} B with a conversation`);
  expect(first).toBeLessThan(FIRST_BYTES);
  expect(withConversation).toBeLessThan(WITH_CONVERSATION_BYTES);
});

test("settings and groups are not needed for it", () => {
  const first = withImports(chunkOf("index.html"));
  for (const each of ["settings/index.tsx", "groups/new.tsx", "groups/info.tsx", "auth/oidc.ts"]) {
    expect(first).not.toContain(chunkOf(each));
  }
});

test("the page has no script, style or handler of its own", () => {
  const page = String(output.find((each) => each.fileName === "index.html")?.source);
  const scripts = [...page.matchAll(/<script[^>]*>(.*?)<\/script>/gs)];
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.map((each) => each[1])).toEqual(scripts.map(() => ""));
  expect(page).not.toMatch(/<style|style=|\son\w+=|javascript:|data:/i);
  expect(page).not.toMatch(/(src|href)="(?!\/)/);
});

test("no source writes markup, runs text, or leaves the origin", () => {
  const root = join(APP, "src");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.(tsx?|css)$/.test(name));
  const found = names.filter((name) =>
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\burl\((?!"\/)|@import|srcdoc/.test(
      readFileSync(join(root, name), "utf8"),
    ),
  );
  expect(names.length).toBeGreaterThan(30);
  expect(found).toEqual([]);
});
