/** What is published: how large it is, what it exports, and whether its examples hold. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const SDK = new URL("..", import.meta.url).pathname;
const BUDGET_BYTES = 18 * 1024;

test("everything together is within the budget", async () => {
  const built = await build({
    root: SDK,
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      lib: { entry: "src/index.ts", formats: ["es"] },
      target: "es2022",
      rolldownOptions: { output: { minify: true, comments: false } }, // as for an app: vite leaves more in libraries
    },
  });
  const [{ output }] = built as unknown as [{ output: { code: string }[] }];
  const size = gzipSync(output.map((each) => each.code).join(""), { level: 9 }).length;
  console.log(`@natter/client: ${(size / 1024).toFixed(1)} kB gz`);
  expect(size).toBeLessThan(BUDGET_BYTES);
});

/** Sources that are public, and the README. */
function documents(): Map<string, string> {
  const sources = readdirSync(join(SDK, "src")).filter((name) => name.endsWith(".ts"));
  const files = [...sources.map((name) => join("src", name)), "README.md", "../../../README.md"];
  return new Map(files.map((name) => [name, readFileSync(join(SDK, name), "utf8")]));
}

/** The examples in comments and in the README: TypeScript between fences. */
function examples(): string[] {
  return [...documents()].flatMap(([name, text]) => {
    const fenced = text.matchAll(/```ts\n([\s\S]*?)```/g);
    return [...fenced].map((match) => (match[1] as string).replaceAll(/^ *\* ?/gm, name.endsWith(".ts") ? "" : "$&"));
  });
}

const SCENE = `
declare const url: string, username: string, password: string, userId: string, id: string, ben: string, cem: string;
declare const render: (...things: unknown[]) => void, later: (ms: number) => void;
`;

test("the examples type-check", () => {
  const folder = mkdtempSync(join(SDK, "test", "examples-"));
  try {
    for (const [index, example] of examples().entries()) {
      const [imports, rest] = [example.match(/^import .*$/gm) ?? [], example.replaceAll(/^import .*$/gm, "")];
      const given = ["natter", "chat"].filter((name) => !rest.includes(`const ${name} `));
      const types = { natter: "Natter", chat: "Conversation" } as Record<string, string>;
      const scene = given.map((name) => `declare const ${name}: import("../../src/index.js").${types[name]};`);
      const own = imports.map((each) => each.replace("@natter/client", "../../src/index.js"));
      const names = [...own.join().matchAll(/\w+/g)].map(([name]) => name);
      const offered = ["Natter", "NatterError", "MemoryStore", "type PeopleAnswer"].filter(
        (name) => !names.includes(name),
      );
      const all = `import { ${offered.join(", ")} } from "../../src/index.js";\n`;
      const body = `export async function example() {\n${rest}\n}\n`;
      writeFileSync(
        join(folder, `example-${index}.ts`),
        `${own.join("\n")}\n${all}${SCENE}${scene.join("\n")}\n${body}`,
      );
    }
    const config = { extends: "../../../tsconfig.json", compilerOptions: { noUnusedLocals: false }, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = new URL("../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
    let said = "";
    try {
      execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    } catch (error) {
      said = (error as { stdout: string }).stdout;
    }
    expect(said).toBe("");
    expect(examples().length).toBeGreaterThan(12);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const PUBLIC = ["natter", "conversation", "errors"].map((name) => `src/${name}.ts`);

test("everything that is public says what it is", () => {
  const undocumented = [...documents()].flatMap(([name, text]) => {
    if (!PUBLIC.includes(name)) return [];
    const lines = text.split("\n");
    return lines.flatMap((line, index) => {
      const isPublic = /^export (class|interface|type|function)|^ {2}(static |async |get )*\*?[a-z]\w*[<(].*\{$/.test(
        line,
      );
      const above = lines[index - 1] ?? "";
      return isPublic && !above.endsWith("*/") && !/constructor|^ {2}(if|for|switch|return)/.test(line)
        ? [`${name}: ${line.trim()}`]
        : [];
    });
  });
  expect(undocumented).toEqual([]);
});
