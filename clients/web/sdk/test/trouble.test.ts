/** What goes wrong on a device: stores that fail, tabs that come and go, accounts that change. */

import "fake-indexeddb/auto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { IndexedDbStore, MemoryStore, Natter, type NatterOptions, type Store } from "../src/index.js";
import { Tabs } from "../src/tabs.js";
import { ANN, aCloud, aName, closeAll, connected, resumed, says, signedIn, until } from "./clients.js";
import { CHAT, ME } from "./server.js";

afterEach(() => {
  closeAll();
  vi.useRealTimers();
});

const LATE_MS = 60;
const quiet = () => new Promise((resolve) => setTimeout(resolve, LATE_MS));
const full = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
const seqs = (natter: Natter) => natter.conversation(CHAT).snapshot.events.map((event) => event.seq);

/** Lets a method of a store do something else, so often. */
function instead<Name extends "load" | "write" | "setAccount">(
  store: Store,
  name: Name,
  does: Store[Name],
  times = 1,
): void {
  const real = store[name].bind(store) as (...args: unknown[]) => unknown;
  let left = times;
  Object.assign(store, {
    [name]: (...args: unknown[]) => (left-- > 0 ? (does as typeof real)(...args) : real(...args)),
  });
}

describe("another account in the store", () => {
  test("has tabs of its own; those of who was there before are signed out, and write nothing", async () => {
    const { cloud, options } = aCloud();
    const ann = await connected(options());
    cloud.userId = "eve";
    const eve = await connected(options());
    await until(() => expect(ann.connection.state).toBe("signed_out"));
    expect(cloud.requests.filter(({ path }) => path === "/v1/tickets").map(({ token }) => token)).toEqual(["a1", "a2"]);
    await expect(ann.conversation(CHAT).send("Ann's")).rejects.toMatchObject({ code: "signed_out" });
    await eve.conversation(CHAT).send("Eve's");
    await until(() => expect(says(cloud)).toEqual(["Eve's"]));
    ann.connect();
    await until(() => expect(ann.connection.state).toBe("signed_out"));
    expect(cloud.sockets.size).toBe(1);
  });

  test("finds nothing of what came while the one before signed out", async () => {
    const { cloud, name, options } = aCloud();
    const store = new IndexedDbStore(name);
    const ann = await connected(options(store));
    const clear = store.clear.bind(store);
    store.clear = async () => {
      cloud.other("private");
      await clear();
      await quiet();
    };
    await ann.signOut();
    await quiet();
    expect((await store.load()).timelines).toEqual({});
    store.close();
  });

  test("who leads when it is cleared leads no more", async () => {
    const store = new IndexedDbStore(aName());
    const epoch = await store.lead();
    await store.clear();
    const gone = { kind: "gone", conversation_id: CHAT } as const;
    await expect(store.write([gone], epoch)).rejects.toThrow();
    store.close();
  });
});

describe("a tab", () => {
  test("has no hole where something came between opening and connecting, or while it took over", async () => {
    const { cloud, options } = aCloud();
    const one = await connected(options());
    cloud.other("a");
    await until(() => expect(seqs(one)).toEqual([1, 2]));
    const two = await resumed(options());
    cloud.other("b");
    await until(() => expect(seqs(one)).toEqual([1, 2, 3]));
    two.connect();
    cloud.other("c");
    await until(() => expect(seqs(two)).toEqual([1, 2, 3, 4]));
    one.disconnect();
    cloud.other("d");
    await until(() => expect(seqs(two)).toEqual([1, 2, 3, 4, 5]));
  });

  test("sends what is written while it begins to lead", async () => {
    const { cloud, options } = aCloud();
    const store = new MemoryStore();
    const natter = await signedIn(options(store));
    const load = store.load.bind(store);
    store.load = async () => {
      const stored = await load();
      await quiet();
      return stored;
    };
    natter.connect();
    const chat = natter.conversation(CHAT);
    for (const text of ["one", "two", "three", "four"]) {
      void chat.send(text);
      await quiet();
    }
    await until(() => expect(says(cloud)).toEqual(["one", "two", "three", "four"]));
  });

  test("without a connection cancels, tries again and reads in the store", async () => {
    const { cloud, options } = aCloud();
    const before = await connected(options());
    cloud.other("one");
    await until(() => expect(before.conversation(CHAT).snapshot.unread).toBe(1));
    before.disconnect();
    const natter = await resumed(options());
    const chat = natter.conversation(CHAT);
    const key = await chat.send("not to be sent");
    chat.cancel(key);
    chat.read();
    await until(() => expect([natter.unsent, chat.snapshot.unread]).toEqual([[], 0]));
    natter.disconnect();
    const again = await resumed(options());
    expect([again.unsent, again.conversation(CHAT).snapshot.read_seq]).toEqual([[], 2]);
    again.connect();
    await until(() => expect(cloud.frames.some(({ action }) => action === "read")).toBe(true));
    expect(says(cloud)).toEqual(["one"]);
  });

  test("that was taken over from leads again when nobody else does", async () => {
    const { cloud, name, options } = aCloud();
    const natter = await connected(options());
    await navigator.locks.request(`${name}:${ME}:leader`, { steal: true }, quiet);
    await until(() => expect(cloud.count("/v1/tickets")).toBe(2));
    await until(() => expect(natter.connection.state).toBe("open"));
  });

  test("does not take over from itself", async () => {
    let led = 0;
    const onLead = async () => {
      led += 1;
      await quiet();
      return () => undefined;
    };
    const tabs = new Tabs({ shared: aName(), userId: ME, patience_ms: 20, onLead, onFailed: vi.fn(), onWord: vi.fn() });
    tabs.join();
    tabs.doubt();
    await until(() => expect(led).toBe(1));
    await quiet();
    await quiet();
    expect([led, tabs.isLeading]).toEqual([1, true]);
    tabs.leave();
  });

  test("that could not read its store says so, and tries again", async () => {
    const { options } = aCloud();
    const store = new MemoryStore();
    const natter = await signedIn(options(store));
    const unkept = vi.fn();
    natter.on("unkept", unkept);
    instead(store, "load", full, 2);
    natter.connect();
    await until(() => expect(natter.connection.state).toBe("open"));
    expect(unkept).toHaveBeenCalled();
  });

  test("that is signed out does not keep one that signs in again from leading", async () => {
    const { cloud, options } = aCloud();
    const one = await connected(options());
    cloud.expireTokens();
    cloud.post({ type: "signed_out" });
    await until(() => expect(one.connection.state).toBe("signed_out"));
    const two = await connected(options());
    await two.conversation(CHAT).send("again");
    await until(() => expect(says(cloud)).toEqual(["again"]));
  });

  test("that hears of a sign-out tells nobody about it again", async () => {
    const { options } = aCloud();
    const one = await connected(options());
    const others = [await resumed(options()), await resumed(options())];
    for (const tab of others) tab.connect();
    for (const tab of others) await until(() => expect(tab.connection.state).toBe("open"));
    const post = vi.spyOn(BroadcastChannel.prototype, "postMessage");
    await one.signOut();
    for (const tab of others) await until(() => expect(tab.connection.state).toBe("signed_out"));
    await quiet();
    const words = post.mock.calls.filter(([word]) => (word as { is: string }).is === "tokens").length;
    post.mockRestore();
    expect(words).toBeLessThan(5);
  });

  test("waits for nothing that cannot come", async () => {
    const { options } = aCloud();
    const natter = await signedIn(options(new MemoryStore()));
    await natter.conversation(CHAT).older();
    const next = natter.stream("message").next();
    natter.connect();
    const older = natter.conversation(CHAT).older();
    natter.disconnect();
    await older;
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("that is disconnected at once asks for nothing", async () => {
    const { cloud, options } = aCloud();
    const natter = await signedIn(options(new MemoryStore()));
    natter.connect();
    natter.disconnect();
    await quiet();
    expect([natter.connection.state, cloud.count("/v1/tickets")]).toEqual(["idle", 0]);
  });
});

describe("a store that fails", () => {
  test("once has no hole: it goes with the next", async () => {
    const { cloud, name, options } = aCloud();
    const store = new IndexedDbStore(name);
    const natter = await connected(options(store));
    await until(() => expect(seqs(natter)).toEqual([1]));
    instead(store, "write", full);
    cloud.other("lost");
    await until(() => expect(seqs(natter)).toEqual([1, 2]));
    cloud.other("kept");
    await until(() => expect(seqs(natter)).toEqual([1, 2, 3]));
    natter.disconnect();
    expect((await store.load()).timelines[CHAT]?.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    store.close();
  });

  test("gives back a run where one of the events never came into it", async () => {
    const store = new IndexedDbStore(aName());
    const event = (seq: number) => ({ seq, type: "message", at: seq, sender_id: "ben" }) as const;
    const bounds = { first_seq: 1, head_seq: 4, known: {} };
    const events = [1, 2, 4].map(event);
    await store.write([{ kind: "events", conversation_id: CHAT, events, bounds }]);
    expect((await store.load()).timelines[CHAT]?.events.map(({ seq }) => seq)).toEqual([4]);
    store.close();
  });

  test("to keep refreshed tokens stops no call; they are stored later", async () => {
    const { cloud, options } = aCloud();
    const store = new MemoryStore();
    cloud.expires_in = 1;
    const natter = await signedIn(options(store));
    cloud.expires_in = 3600;
    const unkept = vi.fn();
    natter.on("unkept", unkept);
    instead(store, "setAccount", full);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (const _ of [1, 2]) await natter.call("GET", "/v1/conversations");
    expect([unkept.mock.calls.length, (await store.account())?.tokens?.access_token]).toEqual([1, "a1"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await store.account())?.tokens?.access_token).toBe("a2");
  });

  test("is none where the browser denies it: memory is used", async () => {
    const open = vi.spyOn(indexedDB, "open").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    const { options } = aCloud();
    const { store: _, ...rest } = options();
    expect(await Natter.resume(rest as NatterOptions)).toBeUndefined();
    expect((await Natter.signIn(rest as NatterOptions, ANN)).userId).toBe(ME);
    const store = new IndexedDbStore(aName());
    await expect(store.account()).rejects.toThrow("denied");
    open.mockRestore();
    expect(await store.account()).toBeUndefined();
    store.close();
  });
});

test("a clock that is set back does not stop it", async () => {
  vi.useFakeTimers();
  const { cloud, options } = aCloud();
  const natter = await signedIn(options(new MemoryStore()));
  natter.connect();
  await vi.advanceTimersByTimeAsync(100);
  cloud.isDown = true;
  cloud.closeAll();
  await vi.advanceTimersByTimeAsync(2000);
  vi.setSystemTime(Date.now() - 3_600_000);
  cloud.isDown = false;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(natter.connection.state).toBe("open");
});

test("a group that may have been made is made once", async () => {
  const { cloud, options } = aCloud();
  const natter = await signedIn(options(new MemoryStore()));
  for (const _ of [1, 2]) await natter.group("Lobby", [], { conversation_id: "drawn" });
  const made = cloud.requests.filter(({ path }) => path === "/v1/conversations");
  expect(made.map(({ body }) => body.conversation_id)).toEqual(["drawn", "drawn"]);
});

test("something between that refuses to refresh signs nobody out", async () => {
  const { cloud, options } = aCloud();
  cloud.expires_in = 1;
  const store = new MemoryStore();
  const fetcher: typeof fetch = async (input, init) =>
    String(input).endsWith("/refresh") ? new Response("<html>", { status: 403 }) : cloud.fetch(input, init);
  const natter = await signedIn({ ...options(store), fetch: fetcher });
  await expect(natter.call("GET", "/v1/conversations")).rejects.toMatchObject({ advice: "retry" });
  expect((await store.account())?.tokens).not.toBeNull();
});
