import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Outbox } from "../src/core/outbox.js";
import { Presence } from "../src/core/presence.js";
import { ReadState } from "../src/core/read-state.js";
import { Session } from "../src/core/session.js";
import { Sync } from "../src/core/sync.js";
import { Timeline } from "../src/core/timeline.js";
import { Tokens } from "../src/core/tokens.js";
import { Typing } from "../src/core/typing.js";
import { differences, type Scenario, scenariosOf } from "./vectors.js";

const PARTS = {
  timeline: Timeline,
  outbox: Outbox,
  session: Session,
  tokens: Tokens,
  sync: Sync,
  read_state: ReadState,
  typing: Typing,
  presence: Presence,
};

describe.each(Object.entries(PARTS))("%s", (name, Part) => {
  test.each(scenariosOf(name).map((each) => [`${each.id} ${each.title}`, each] as const))(
    "%s",
    (_, scenario: Scenario) => {
      expect(differences(new Part(scenario.start) as never, scenario)).toEqual([]);
    },
  );
});

test("every file of scenarios is run", () => {
  const folder = new URL("../../../core-vectors/", import.meta.url);
  const files = readdirSync(folder).filter((each) => each.endsWith(".json") && each !== "schema.json");
  expect(files.sort()).toEqual(
    Object.keys(PARTS)
      .map((each) => `${each}.json`)
      .sort(),
  );
});
