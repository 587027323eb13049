/** How the parts are joined. */

import { describe, expect, test } from "vitest";
import { NOTHING } from "../src/core/changes.js";
import { Core, type CoreEffect } from "../src/core/core.js";
import { CHAT, eventsFrame, ME } from "./server.js";
import { World } from "./world.js";

const words = (text: string) => ({ content: { type: "text" as const, text } });

/** A core that is connected and synced, and what it did for that. */
function connected(): {
  core: Core;
  did: CoreEffect[];
  step: (input: Parameters<Core["step"]>[1], at?: number) => CoreEffect[];
} {
  const core = new Core(ME, NOTHING);
  const did: CoreEffect[] = [];
  const step = (input: Parameters<Core["step"]>[1], at = 1000) => {
    const effects = core.step(at, input, Math.random);
    did.push(...effects);
    return effects;
  };
  step({ type: "connect" });
  step({ type: "answered", id: "h1", status: 201, body: { ticket: "t", expires_in: 30, url: "ws://x" } });
  step({ type: "opened", socket: 1 });
  step({ type: "answered", id: "h2", status: 200, body: { conversations: [], at: 1 } });
  return { core, did, step };
}

describe("the core", () => {
  test("gets a ticket, then the socket, then syncs", () => {
    const { did } = connected();
    const done = did.map((each) => (each.type === "http" ? each.path : each.type)).filter((each) => each !== "tell");
    expect(done).toEqual(["/v1/tickets", "open", "/v1/sync"]);
  });

  test("takes an answer without what was asked for as none: something between may give one", () => {
    const core = new Core(ME, NOTHING);
    const step = (at: number, input: Parameters<Core["step"]>[1]) => core.step(at, input, () => 0);
    const asked = (effects: CoreEffect[]) => effects.flatMap((each) => (each.type === "http" ? each.path : []));
    step(0, { type: "connect" });
    step(0, { type: "answered", id: "h1", status: 200, body: "<html>" });
    expect(asked(step(1000, { type: "wake" }))).toEqual(["/v1/tickets"]);
    step(1000, { type: "answered", id: "h2", status: 201, body: { url: "ws://x" } });
    step(1000, { type: "opened", socket: 1 });
    step(1000, { type: "answered", id: "h3", status: 200 });
    expect(asked(step(2000, { type: "wake" }))).toEqual(["/v1/sync"]);
  });

  test("keeps what it holds when something between refuses: only the API says that one may not read", () => {
    const { step } = connected();
    const message = { seq: 1, type: "message", at: 1, sender_id: "ben" } as const;
    step({ type: "frame", socket: 1, frame: eventsFrame([message]) });
    const refused = (id: string, body: unknown) => {
      const effects = step({ type: "answered", id, status: 403, body });
      return effects.filter((each) => each.type === "change" && each.change.kind === "gone").length;
    };
    expect(refused("h3", undefined)).toBe(0);
    step({ type: "frame", socket: 1, frame: { ...eventsFrame([message]), conversation_id: "other" } });
    expect(refused("h4", { code: "not_member" })).toBe(1);
  });

  test("asks at once for the place of what a limited sync passed over", () => {
    const world = new World();
    world.heal();
    world.write({ action: "send", fields: words("mine") });
    world.take(0, "ack");
    world.deliver(0); // the ack
    world.down = []; // its event is lost
    world.closeAll();
    for (let n = 0; n < 60; n++) {
      world.other({ action: "send", conversation_id: CHAT, messages: [{ client_id: `b${n}`, ...words(`${n}`) }] });
    }
    world.sleep(Number.POSITIVE_INFINITY);
    world.answer(0, 200);
    world.open();
    const before = world.now;
    while (world.calls.length > 0) world.answer(0, 200);
    const sent = world.up.flatMap(({ frame }) =>
      "messages" in frame ? frame.messages.map((each) => each.client_id) : [],
    );
    expect([sent, world.now]).toEqual([["k0"], before]);
    world.heal();
    expect(world.kept.entries.size).toBe(0);
  });

  test("stores what is shown before it forgets what was written", () => {
    const world = new World();
    world.heal();
    const order: string[] = [];
    const apply = world.kept.apply.bind(world.kept);
    world.kept.apply = (change) => {
      order.push(change.kind);
      apply(change);
    };
    world.write({ action: "send", fields: words("mine") });
    world.heal();
    expect(order.indexOf("events")).toBeLessThan(order.indexOf("no_entry"));
  });

  test("does nothing about frames of which it does not know the type", () => {
    const { step } = connected();
    expect(step({ type: "frame", socket: 1, frame: { type: "something_new", conversation_id: CHAT } })).toEqual([]);
  });

  test("keeps settings that were changed on another device", () => {
    const { step } = connected();
    const frame = { type: "settings", conversation_id: CHAT, archived: true, notify: "none" };
    const change = { kind: "settings", conversation_id: CHAT, settings: { archived: true, notify: "none" } };
    expect(step({ type: "frame", socket: 1, frame })).toEqual([{ type: "change", change }]);
  });

  test("forgets that somebody types when their message comes", () => {
    const { step } = connected();
    const frame = { type: "typing", conversation_id: CHAT, user_id: "ben", state: "started" };
    const typing = (user_ids: string[]) => ({
      type: "tell",
      passing: { kind: "typing", conversation_id: CHAT, user_ids },
    });
    expect(step({ type: "frame", socket: 1, frame })).toEqual([typing(["ben"])]);
    const said = eventsFrame([{ seq: 2, type: "message", at: 1, sender_id: "ben", ...words("Hello") }]);
    expect(step({ type: "frame", socket: 1, frame: said })).toContainEqual(typing([]));
  });

  test("tells a typist's frames by the socket that is open, also for a conversation that it hears of later", () => {
    const { step } = connected();
    const sent = { type: "send", socket: 1, frame: { action: "typing", conversation_id: CHAT, state: "started" } };
    expect(step({ type: "typing", conversation_id: CHAT, did: "keystroke" })).toEqual([sent]);
  });

  test("lets go of what is far before the end, but not while somebody reads there", () => {
    const { step } = connected();
    const message = (seq: number) => ({ seq, type: "message", at: 1, sender_id: "ben" }) as const;
    const events = Array.from({ length: 200 }, (_, index) => message(index + 1));
    const page = { events, has_more: false, first_seq: 1, head_seq: 200, state_seq: 200 };
    step({ type: "frame", socket: 1, frame: eventsFrame(events.slice(-1)) });
    step({ type: "answered", id: "h3", status: 200, body: page });
    step({ type: "older", conversation_id: CHAT });
    const shorten = { type: "shorten", conversation_id: CHAT, keep: 2 } as const;
    expect(step(shorten, 600_999)).toEqual([]);
    const [first] = step(shorten, 601_000);
    expect(first).toMatchObject({ type: "change", change: { kind: "events", events: [{ seq: 200 }], from: 199 } });
    expect(step(shorten, 601_000)).toEqual([]);
    const before = step({ type: "older", conversation_id: CHAT }, 601_000);
    expect(before).toMatchObject([{ type: "http", path: expect.stringContaining("before=199") }]);
  });

  test("drops a conversation that may not be read any more, and does not ask about it again", () => {
    const { step } = connected();
    const created = {
      seq: 1,
      type: "conversation_created",
      at: 1,
      sender_id: "ben",
      kind: "group",
      members: [],
    } as const;
    const entry = { conversation_id: CHAT, events: [created], limited: false, first_seq: 1, head_seq: 1, state_seq: 1 };
    const state = { read_seq: 1, unread: 0, archived: false, notify: "all" };
    const again = () => step({ type: "frame", socket: 1, frame: { type: "pong", id: "p1", at: 1, sync: true } });
    again();
    step({ type: "answered", id: "h3", status: 200, body: { conversations: [{ ...entry, ...state }], at: 1 } });
    const asked = { positions: { [CHAT]: { seq: 1, read_seq: 1 } }, limit: 50 };
    expect(again()).toContainEqual(expect.objectContaining({ path: "/v1/sync", body: asked }));
    const removed = { conversations: [{ conversation_id: CHAT, removed: true }], at: 1 };
    const gone = { type: "change", change: { kind: "gone", conversation_id: CHAT } };
    expect(step({ type: "answered", id: "h4", status: 200, body: removed })).toContainEqual(gone);
    expect(again()).toContainEqual(expect.objectContaining({ body: { positions: {}, limit: 50 } }));
  });
});
