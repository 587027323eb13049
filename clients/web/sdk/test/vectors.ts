/** Runs the scenarios of clients/core-vectors against a part, as its README says. */

import { readFileSync } from "node:fs";
import type { Part } from "../src/core/part.js";

interface Step {
  at: number;
  in: { type: string };
  random?: number[];
  effects: object[];
  state?: object;
}

export interface Scenario {
  id: string;
  title: string;
  start: never;
  steps: Step[];
  until?: number;
  final: object;
}

type AnyPart = Part<{ type: string }, object, object>;

const FOLDER = new URL("../../../core-vectors/", import.meta.url);

export function scenariosOf(part: string): Scenario[] {
  return JSON.parse(readFileSync(new URL(`${part}.json`, FOLDER), "utf8"), expanded).scenarios;
}

function expanded(_: string, value: unknown): unknown {
  const repeat = (value as { $repeat?: [string, number] } | null)?.$repeat;
  return repeat ? repeat[0].repeat(repeat[1]) : value;
}

/** What differs between what a part does and what it has to do, in words; nothing if it is right. */
export function differences(part: AnyPart, scenario: Scenario): string[] {
  const found: string[] = [];
  const compare = (what: string, actual: unknown, expected: unknown) => {
    const [a, e] = [canonical(actual), canonical(expected)];
    if (a !== e) found.push(`${scenario.id} ${what}\n  expected ${e}\n  actual   ${a}`);
  };
  const sleep = (until: number, inclusive: boolean) => {
    for (let rounds = 0; ; rounds++) {
      const at = part.wake();
      if (at === undefined || at > until || (at === until && !inclusive)) return;
      if (rounds > 1000) throw new Error(`${scenario.id}: it wants to be woken at ${at} again and again`);
      compare(`woken at ${at}`, part.step(at, { type: "wake" }, none), []);
    }
  };
  for (const [index, step] of scenario.steps.entries()) {
    const what = `step ${index + 1} (${step.in.type} at ${step.at})`;
    const isWake = step.in.type === "wake";
    sleep(step.at, !isWake);
    if (isWake) compare(`${what}: asked to be woken`, part.wake(), step.at);
    const numbers = [...(step.random ?? [])];
    compare(
      `${what}: effects`,
      part.step(step.at, step.in, () => numbers.shift() ?? none()),
      step.effects,
    );
    compare(`${what}: random numbers left`, numbers, []);
    if (step.state) compare(`${what}: state`, part.view(), step.state);
  }
  if (scenario.until !== undefined) sleep(scenario.until, true);
  compare("final", part.view(), scenario.final);
  return found;
}

function none(): never {
  throw new Error("a random number was drawn that the scenario does not have");
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, each) =>
      each !== null && typeof each === "object" && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    ) ?? "undefined"
  );
}
