// @vitest-environment node

/** Strings are in one place: all languages have all of them, and all are used. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { de } from "../src/strings/de.js";
import { en } from "../src/strings/en.js";

const SRC = new URL("../src", import.meta.url).pathname;

function leaves(value: object, path = ""): string[] {
  return Object.entries(value).flatMap(([key, each]) =>
    typeof each === "object" && key !== "roles" ? leaves(each, `${path}${key}.`) : [`${path}${key}`],
  );
}

function sources(): string {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" });
  const code = files.filter((name) => /\.tsx?$/.test(name) && !name.startsWith("strings/"));
  return code.map((name) => readFileSync(join(SRC, name), "utf8")).join("\n");
}

test("every language says everything", () => {
  expect(leaves(de)).toEqual(leaves(en));
});

test("everything that can be said is", () => {
  const code = sources();
  /** Chosen by what the server, or the SDK, says. */
  const byCode = /^errors\.|^message\.(accepted|delivered|read)$|^inbox\.(online|away)$/;
  const unused = leaves(en).filter((path) => !byCode.test(path) && !code.includes(`t.${path}`));
  expect(unused).toEqual([]);
});
