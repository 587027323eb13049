/** Whatever is lost, repeated, reordered or late, and whenever it crashes: nothing is lost, doubled or out of order. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { inOrder } from "../src/core/changes.js";
import type { ClientFrame, WireEvent } from "../src/protocol.js";
import { CHAT, ME } from "./server.js";
import { World } from "./world.js";

const RUNS = Number(process.env.NATTER_RUNS ?? 150);
const text = (words: string) => ({ type: "text" as const, text: words });
const REACTIONS = ["👍", "❤"];

/** One thing that happens; `n` says which, `m` to what. */
function happen(world: World, n: number, m: number): void {
  const target_seq = 1 + (m % world.server.head);
  const survives = m % 3 === 0 ? m % 4 : undefined;
  const reaction = { target_seq, reaction: REACTIONS[m % 2] as string, ...(m % 5 === 0 ? { remove: true } : {}) };
  const other = (frame: object) =>
    world.other({ conversation_id: CHAT, client_id: `b${n}-${m}-${world.server.head}`, ...frame } as ClientFrame);
  const acts: (() => void)[] = [
    () => world.write({ action: "send", fields: { content: text(`a${m}`) } }, survives),
    () => world.write({ action: "send", fields: { content: text(`b${m}`) } }),
    () => world.write({ action: "edit", fields: { target_seq, content: text(`e${m}`) } }),
    () => world.write({ action: "delete", fields: { target_seq } }),
    () => world.write({ action: "react", fields: reaction }),
    () => other({ action: "send", messages: [{ client_id: `m${m}-${world.server.head}`, content: text(`o${m}`) }] }),
    () => other({ action: "edit", target_seq, content: text(`oe${m}`) }),
    () => other({ action: "delete", target_seq }),
    () => other({ action: "react", ...reaction }),
    () => other({ action: "react", ...reaction, target_seq: Math.max(1, world.server.head - (m % 4)) }),
    () => world.open(),
    () => world.open(),
    () => world.answer(m % Math.max(1, world.calls.length), 200, survives),
    () => world.answer(m % Math.max(1, world.calls.length), 200),
    () => world.answer(m % Math.max(1, world.calls.length), m % 2 ? 0 : 503),
    () => world.take(m % Math.max(1, world.up.length), "ack"),
    () => world.take(m % Math.max(1, world.up.length), "ack"),
    () => world.take(m % Math.max(1, world.up.length), "lost"),
    () => world.take(m % Math.max(1, world.up.length), "half"),
    () => world.take(m % Math.max(1, world.up.length), m % 2 ? "unavailable" : "gateway"),
    () => world.deliver(m % Math.max(1, world.down.length), survives),
    () => world.deliver(m % Math.max(1, world.down.length)),
    () => world.down.splice(m % Math.max(1, world.down.length), 1),
    () => world.down.push(...world.down.slice(m % Math.max(1, world.down.length)).slice(0, 1)),
    () => world.closeAll(),
    () => world.input({ type: "nudge" }),
    () => world.input({ type: "older", conversation_id: CHAT }),
    () => world.input({ type: "shorten", conversation_id: CHAT, keep: 1 + (m % 5) }),
    () => world.sleep(m * 10),
    () => world.sleep(m * 1000),
  ];
  (acts[n % acts.length] as () => void)();
}

function isRun(events: readonly WireEvent[]): boolean {
  return events.every((event, index) => index === 0 || event.seq === (events[index - 1] as WireEvent).seq + 1);
}

test("a client comes to show the log, and what it wrote is in it once and in order", () => {
  const tape = fc.array(fc.tuple(fc.nat(29), fc.nat(99)), { minLength: 10, maxLength: 150 });
  fc.assert(
    fc.property(fc.boolean(), tape, (connected, tape) => {
      const world = new World();
      if (connected) world.heal();
      for (const [n, m] of tape) {
        happen(world, n, m);
        const held = world.kept.timelines.get(CHAT);
        expect(isRun(held ? inOrder(held.events) : [])).toBe(true);
      }
      world.heal();
      const shown = inOrder(world.kept.timelines.get(CHAT)?.events ?? new Map());
      expect(shown).toEqual(world.server.shown().slice(-shown.length));
      const mine = world.server.log.flatMap((event) => (event.sender_id === ME ? (event.client_id ?? []) : []));
      const refused = [...world.kept.entries.keys()];
      expect(mine).toEqual(world.written.filter((id) => !refused.includes(id)));
    }),
    { numRuns: RUNS },
  );
});
