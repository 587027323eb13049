/** What is decided without a page: routes, links, rows, what is sent. */

import type { ConversationSnapshot, Entry, ShownMessage, WireEvent } from "@natter/client";
import { describe, expect, test } from "vitest";
import { linked, realHost } from "../src/parts/links.js";
import { agoOf, daysAgo } from "../src/parts/time.js";
import { excess, mentionAt, mentioned, sendable } from "../src/state/composing.js";
import { hrefOf, parseRoute, type Route } from "../src/state/route.js";
import { reachOf, rowsOf } from "../src/state/rows.js";

describe("a route", () => {
  test.each<Route>([
    { to: "inbox" },
    { to: "new" },
    { to: "sign-up" },
    { to: "settings" },
    { to: "settings", section: "devices" },
    { to: "conversation", id: "a-B_9" },
    { to: "conversation", id: "a", seq: 12 },
    { to: "info", id: "a" },
  ])("is its own address: %o", (route) => expect(parseRoute(hrefOf(route))).toEqual(route));

  test.each(["#/c/", "#/c/%3Cscript", "#/nothing", "", "#"])("that is none leads to the inbox: %s", (hash) => {
    expect(parseRoute(hash)).toEqual({ to: "inbox" });
  });
});

describe("a link", () => {
  test.each([
    ["see https://example.com/a.", "https://example.com/a"],
    ["(https://example.com/a_(b))", "https://example.com/a_(b)"],
    ["www.example.com, then", "https://www.example.com/"],
    ["HTTP://EXAMPLE.com", "http://example.com/"],
  ])("is found, without what belongs to the sentence: %s", (text, href) => {
    const pieces = linked(text);
    expect(pieces.map((each) => each.text).join("")).toBe(text);
    expect(pieces.flatMap((each) => each.href ?? [])).toEqual([href]);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://bank.example@evil.example/",
    "https://localhost/",
    "xhttps://",
    "vbscript:https",
  ])("is not made of %s", (text) => expect(linked(text).some((each) => each.href !== undefined)).toBe(false));

  test("whose host looks like another one shows the real one", () => {
    const [piece] = linked("https://exаmple.com"); // a Cyrillic а
    expect(realHost(piece?.text as string, piece?.href as string)).toBe("xn--exmple-4nf.com");
    expect(realHost("https://Example.com", "https://example.com/")).toBeUndefined();
  });
});

describe("what is written", () => {
  test("loses what the protocol refuses, and keeps what it shows", () => {
    expect(sendable(" a\r\nb\tc\u0000\u001b[31m\u0085 ")).toBe("a\nb\tc[31m");
  });

  test("is measured in characters", () => {
    expect(excess("😀".repeat(8000))).toBe(0);
    expect(excess("😀".repeat(8003))).toBe(3);
  });

  test.each([
    ["@b", { start: 0, query: "b" }],
    ["hi @ben a", { start: 3, query: "ben a" }],
    ["mail@b", undefined],
    ["no", undefined],
  ])("begins a mention, or not: %s", (text, found) => expect(mentionAt(text, text.length)).toEqual(found));

  test("mentions whom it still names", () => {
    expect(mentioned("hi @Ben", { Ben: "b", Cem: "c" })).toEqual(["b"]);
  });
});

describe("rows", () => {
  const DAY = new Date(2026, 4, 5, 12).getTime();
  const message = (seq: number, sender_id: string, at: number): ShownMessage => ({
    key: `k${seq}`,
    state: "placed",
    seq,
    sender_id,
    at,
    content: { type: "text", text: `t${seq}` },
  });
  const snapshot = (messages: ShownMessage[], more: Partial<ConversationSnapshot> = {}) =>
    ({ messages, events: [], pending: [], others: {}, ...more }) as unknown as ConversationSnapshot;

  test("stand together by who says them, within five minutes and one day", () => {
    const rows = rowsOf(
      snapshot([
        message(1, "ben", DAY - 86_400_000),
        message(2, "ben", DAY),
        message(3, "ben", DAY + 1000),
        message(4, "ann", DAY + 2000),
        message(5, "ann", DAY + 400_000),
      ]),
      "ann",
      undefined,
    );
    expect(rows.map((row) => row.kind === "message" && row.isFirst)).toEqual([true, true, false, true, true]);
    expect(rows.map((row) => row.day !== undefined)).toEqual([true, true, false, false, false]);
  });

  test("have one line, before the first message of others that was unread", () => {
    const said = [message(1, "ben", DAY), message(2, "ann", DAY), message(3, "ben", DAY), message(4, "ben", DAY)];
    expect(rowsOf(snapshot(said), "ann", 1).map((row) => row.isUnread)).toEqual([false, false, true, false]);
    expect(rowsOf(snapshot(said), "ann", undefined).some((row) => row.isUnread)).toBe(false);
  });

  test("keep their keys when something comes before them", () => {
    const later = [message(2, "ben", DAY), message(3, "ben", DAY)];
    const keys = rowsOf(snapshot(later), "ann", undefined).map((row) => row.key);
    const all = rowsOf(snapshot([message(1, "ben", DAY), ...later]), "ann", undefined).map((row) => row.key);
    expect(all.slice(1)).toEqual(keys);
  });

  test("have what else happened at its place", () => {
    const joined: WireEvent = { type: "member_added", seq: 2, at: DAY, sender_id: "ben", members: [] };
    const edit: WireEvent = { type: "edit", seq: 3, at: DAY, sender_id: "ben", target_seq: 1 };
    const rows = rowsOf(
      snapshot([message(1, "ben", DAY), message(4, "ben", DAY)], { events: [joined, edit] }),
      "ann",
      undefined,
    );
    expect(rows.map((row) => row.key)).toEqual(["k1", "e2", "k4"]);
    expect(rows.map((row) => row.kind === "message" && row.isFirst)).toEqual([true, false, true]);
  });

  test("show what one did before it has its place, and what was refused as it was", () => {
    const entry = (fields: object, more: object): Entry =>
      ({
        client_id: "x",
        conversation_id: "c",
        state: "queued",
        fields: { target_seq: 1, ...fields },
        ...more,
      }) as unknown as Entry;
    const view = (...pending: Entry[]) => {
      const [row] = rowsOf(snapshot([message(1, "ann", DAY)], { pending }), "ann", undefined);
      return row?.kind === "message" ? row.message : undefined;
    };
    const content = { type: "text", text: "new" };
    expect(view(entry({ content }, { action: "edit" }))).toMatchObject({ content, change: { state: "queued" } });
    const refused = view(entry({ content }, { action: "edit", state: "refused", error: { code: "gone" } }));
    expect(refused).toMatchObject({ content: { text: "t1" }, change: { error: { code: "gone" } } });
    expect(view(entry({ reaction: "👍" }, { action: "react" }))?.reactions).toMatchObject([{ count: 1, mine: true }]);
    expect(view(entry({ reaction: "👍" }, { action: "react", state: "failed" }))?.reactions).toBeUndefined();
  });
});

test("how far a message has come", () => {
  const others = { ben: { read_seq: 3, delivered_seq: 5 }, cem: { read_seq: 4, delivered_seq: 4 } };
  expect(reachOf(6, others, true)).toEqual({ is: "sent" });
  expect(reachOf(5, others, true)).toEqual({ is: "delivered" });
  expect(reachOf(4, others, true)).toEqual({ is: "read" });
  expect(reachOf(3, others, false)).toEqual({ is: "read_by", count: 2 });
  expect(reachOf(5, others, false)).toEqual({ is: "sent" });
});

test("days are counted by midnights, also where a clock was put back", () => {
  const noon = new Date(2026, 9, 25, 12).getTime();
  expect(daysAgo(new Date(2026, 9, 25, 0, 1).getTime(), noon)).toBe(0);
  expect(daysAgo(new Date(2026, 9, 24, 23, 59).getTime(), noon)).toBe(1);
  expect(agoOf(noon - 60_000, noon)).toBe("1 minute ago");
});
