import "fake-indexeddb/auto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { IndexedDbStore, MemoryStore, Natter, NatterError, type NatterOptions, StaleLeader } from "../src/index.js";
import { Tabs } from "../src/tabs.js";
import { ANN, aCloud, aName, closeAll, connected, resumed, says, signedIn, texts, until } from "./clients.js";
import { CHAT, ME } from "./server.js";

afterEach(closeAll);

describe("a message", () => {
  test("waits, is accepted, has its place, under one key", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options());
    const chat = natter.conversation(CHAT);
    const states: string[] = [];
    chat.subscribe(({ messages }) => states.push(messages.map((each) => `${each.key} ${each.state}`).join()));
    const key = await chat.send("Hello");
    await until(() => expect(chat.snapshot.messages[0]?.state).toBe("placed"));
    await until(() => expect(natter.unsent).toEqual([]));
    expect(new Set(states.filter(Boolean))).toEqual(new Set([`${key} waiting`, `${key} accepted`, `${key} placed`]));
    expect(says(cloud)).toEqual(["Hello"]);
  });

  test("written again under the same client_id, as by a page that went away meanwhile, is there once", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options());
    const chat = natter.conversation(CHAT);
    const key = await chat.send("Hello", { client_id: "mine" });
    await chat.send("Hello", { client_id: key });
    await until(() => expect(natter.unsent).toEqual([]));
    await chat.send("Hello", { client_id: key });
    await until(() => expect(natter.unsent).toEqual([]));
    expect([key, says(cloud), texts(natter)]).toEqual(["mine", ["Hello"], ["Hello"]]);
  });

  test("of others is told once, and is unread until it is read", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options());
    const heard: (string | undefined)[] = [];
    natter.on("message", ({ message }) =>
      heard.push(message.content?.type === "text" ? message.content.text : undefined),
    );
    await until(() => expect(natter.conversations.length).toBe(1));
    cloud.other("one", "two");
    await until(() => expect(natter.conversation(CHAT).snapshot.unread).toBe(2));
    natter.conversation(CHAT).read();
    await until(() => expect(natter.conversation(CHAT).snapshot.unread).toBe(0));
    await until(() => expect(cloud.frames).toContainEqual({ action: "read", id: "r2", conversation_id: CHAT, seq: 3 }));
    expect(heard).toEqual(["one", "two"]);
  });

  test("that is refused stays, says why, and goes when it is cancelled", async () => {
    const { options } = aCloud();
    const natter = await connected(options());
    const refused = natter.stream("refused").next();
    const id = await natter.conversation(CHAT).edit(1, "no message");
    expect((await refused).value).toMatchObject({ client_id: id, error: { code: "gone" } });
    expect(natter.conversation(CHAT).snapshot.pending).toHaveLength(1);
    natter.conversation(CHAT).cancel(id);
    await until(() => expect(natter.unsent).toEqual([]));
  });
});

describe("offline", () => {
  test("twenty messages survive a reload, and arrive once and in order", async () => {
    const { cloud, options } = aCloud();
    const before = await connected(options());
    cloud.isDown = true;
    cloud.closeAll();
    await until(() => expect(before.connection.state).toBe("waiting"));
    const all = Array.from({ length: 20 }, (_, n) => `m${n}`);
    for (const text of all) await before.conversation(CHAT).send(text);
    before.disconnect();

    const after = await resumed(options());
    expect(texts(after)).toEqual(all);
    cloud.isDown = false;
    after.connect();
    await until(() => expect(after.unsent).toEqual([]));
    expect(says(cloud)).toEqual(all);
    expect(texts(after)).toEqual(all);
  });

  test("one opens with what was there: messages, what is unread, how one has set it", async () => {
    const { cloud, options } = aCloud();
    const before = await connected(options());
    await until(() => expect(before.conversations.length).toBe(1));
    cloud.other("one", "two");
    cloud.post({ type: "settings", conversation_id: CHAT, archived: true, notify: "none" });
    await until(() => expect(before.conversation(CHAT).snapshot.settings.archived).toBe(true));
    before.disconnect();
    cloud.isDown = true;
    const after = await resumed(options());
    expect(texts(after)).toEqual(["one", "two"]);
    const { unread, settings } = after.conversation(CHAT).snapshot;
    expect([unread, settings]).toEqual([2, { archived: true, notify: "none" }]);
  });

  test("a message is sent when it is stored that it is, not before", async () => {
    const { cloud, options } = aCloud();
    const store = new MemoryStore();
    const natter = await connected(options(store));
    const write = store.write.bind(store);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let writes = 0;
    store.write = async (changes) => {
      if (++writes > 1) await held; // the first one is what the user writes
      return write(changes);
    };
    await natter.conversation(CHAT).send("stored");
    await natter.call("GET", "/v1/conversations"); // whatever was to be sent has been by now
    expect(cloud.frames.filter((each) => each.action === "send")).toEqual([]);
    release();
    await until(() => expect(says(cloud)).toEqual(["stored"]));
  });

  test("an answer that is lost with the socket is asked for again, with the same ids", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options());
    cloud.isMute = true;
    await natter.conversation(CHAT).send("once");
    await until(() => expect(cloud.frames.filter((each) => each.action === "send")).toHaveLength(1));
    cloud.isMute = false;
    cloud.closeAll();
    await until(() => expect(natter.unsent).toEqual([]));
    expect(says(cloud)).toEqual(["once"]);
  });

  test("what was missed is there after the next sync, and what is before is fetched when it is looked at", async () => {
    const { cloud, options } = aCloud();
    cloud.other(...Array.from({ length: 120 }, (_, n) => `m${n}`));
    const natter = await connected(options());
    await until(() => expect(texts(natter)).toHaveLength(50));
    const chat = natter.conversation(CHAT);
    while (chat.snapshot.has_older) await chat.older();
    expect(texts(natter)).toEqual(Array.from({ length: 120 }, (_, n) => `m${n}`));
    cloud.closeAll();
    cloud.server.accept("ben", { action: "delete", conversation_id: CHAT, client_id: "d", target_seq: 5 });
    await until(() => expect(chat.snapshot.messages[3]?.deleted_at).toBeDefined());
  });

  test("what is let go of is fetched again; how many are unread is known all the while", async () => {
    const { cloud, name, options } = aCloud();
    const all = Array.from({ length: 40 }, (_, n) => `m${n}`);
    cloud.other(...all);
    const natter = await connected(options());
    await until(() => expect(texts(natter)).toEqual(all));
    const chat = natter.conversation(CHAT);
    chat.shorten(10);
    await until(() => expect(texts(natter)).toEqual(all.slice(-10)));
    const store = new IndexedDbStore(name);
    expect((await store.load()).timelines[CHAT]?.events).toHaveLength(10);
    store.close();
    cloud.other("new");
    await until(() => expect(texts(natter).at(-1)).toBe("new"));
    expect([chat.snapshot.has_older, chat.snapshot.unread]).toEqual([true, 41]);
    await chat.older();
    expect([texts(natter), chat.snapshot.unread]).toEqual([[...all, "new"], 41]);
  });
});

test("what is told as it happens says so; what was said before, or was missed, does not", async () => {
  const { cloud, options } = aCloud();
  cloud.other("before");
  const natter = await signedIn(options());
  const told: [string, boolean][] = [];
  natter.on("message", ({ message, live }) => {
    if (message.content?.type === "text") told.push([message.content.text, live]);
  });
  natter.connect();
  await until(() => expect(told).toEqual([["before", false]]));
  cloud.other("now");
  await until(() => expect(told).toContainEqual(["now", true]));
  cloud.isDown = true;
  cloud.closeAll();
  cloud.other("missed");
  cloud.isDown = false;
  await until(() => expect(told).toContainEqual(["missed", false]));
});

describe("the refresh token in the cookie", () => {
  const inCookie = (options: NatterOptions): NatterOptions => ({ ...options, refresh: "cookie" });

  test("no token is stored, and one is signed in again all the same", async () => {
    const { cloud, name, options } = aCloud();
    const before = await signedIn(inCookie(options()));
    expect(cloud.requests[0]?.body.refresh).toBe("cookie");
    const store = new IndexedDbStore(name);
    const none = { access_token: "", refresh_token: "", expires_at: 0 };
    expect((await store.account())?.tokens).toEqual(none);
    before.disconnect();
    const after = await resumed(inCookie(options()));
    await after.call("GET", `/v1/conversations/${CHAT}/cursors`);
    expect(cloud.requests.find(({ path }) => path === "/v1/sessions/refresh")?.body).toEqual({});
    expect((await store.account())?.tokens).toEqual(none);
    store.close();
  });

  test("each tab has an access token of its own, and none makes another refresh", async () => {
    const { cloud, options } = aCloud();
    const one = await connected(inCookie(options()));
    const two = await resumed(inCookie(options()));
    two.connect();
    await until(() => expect(two.connection.state).toBe("open"));
    for (const tab of [two, one, two]) await tab.call("GET", `/v1/conversations/${CHAT}/cursors`);
    expect(cloud.count("/v1/sessions/refresh")).toBe(1);
  });

  test("a session that ended is seen by all tabs", async () => {
    const { options } = aCloud();
    const one = await connected(inCookie(options()));
    const two = await resumed(inCookie(options()));
    two.connect();
    await until(() => expect(two.connection.state).toBe("open"));
    await one.signOut();
    await until(() => expect(two.connection.state).toBe("signed_out"));
  });
});

test("to connect again tries at once where it waits", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.999);
  const { cloud, options } = aCloud();
  const natter = await connected(options());
  cloud.isDown = true;
  cloud.closeAll();
  await until(() => expect(natter.connection.retry_at).toBeGreaterThan(Date.now() + 2000));
  const byItself = natter.connection.retry_at;
  cloud.isDown = false;
  natter.connect();
  await until(() => expect(natter.connection.state).toBe("open"));
  expect(Date.now()).toBeLessThan(byItself ?? 0);
});

describe("several tabs", () => {
  test("have one socket; each shows all, and each can write", async () => {
    const { cloud, options } = aCloud();
    const one = await connected(options());
    const two = await resumed(options());
    two.connect();
    await until(() => expect(two.connection.state).toBe("open"));
    await two.conversation(CHAT).send("from two");
    await one.conversation(CHAT).send("from one");
    for (const tab of [one, two]) await until(() => expect(texts(tab).sort()).toEqual(["from one", "from two"]));
    await until(() => expect(two.unsent).toEqual([]));
    expect(cloud.sockets.size).toBe(1);
    expect(cloud.count("/v1/tickets")).toBe(1);
  });

  test("when the one that leads is closed, another one takes over at once, and sends what waits", async () => {
    const { cloud, options } = aCloud();
    const one = await connected(options());
    const two = await resumed(options());
    two.connect();
    cloud.isMute = true;
    await one.conversation(CHAT).send("unanswered");
    await until(() => expect(texts(two)).toEqual(["unanswered"]));
    cloud.isMute = false;
    const closed = Date.now();
    one.disconnect();
    await until(() => expect(two.connection.state).toBe("open"));
    expect(Date.now() - closed).toBeLessThan(5000);
    await until(() => expect(two.unsent).toEqual([]));
    expect(says(cloud)).toEqual(["unanswered"]);
  });

  test("have a socket each where there are no locks, and write nothing twice", async () => {
    vi.stubGlobal("navigator", {});
    const { cloud, options } = aCloud();
    const one = await connected(options());
    const two = await resumed(options());
    two.connect();
    await until(() => expect(cloud.sockets.size).toBe(2));
    await one.conversation(CHAT).send("from one");
    await two.conversation(CHAT).send("from two");
    for (const tab of [one, two]) await until(() => expect(texts(tab).sort()).toEqual(["from one", "from two"]));
    await until(() => expect([...one.unsent, ...two.unsent]).toEqual([]));
    expect(says(cloud).sort()).toEqual(["from one", "from two"]);
  });

  test("one that does not answer is taken over from by one that is looked at", async () => {
    const shared = aName();
    void navigator.locks.request(`${shared}:${ME}:leader`, () => new Promise(() => undefined)).catch(() => undefined);
    let stopped = 0;
    const onLead = async () => () => void stopped++;
    const tabs = new Tabs({ shared, userId: ME, patience_ms: 20, onLead, onFailed: vi.fn(), onWord: vi.fn() });
    tabs.join();
    tabs.doubt();
    await until(() => expect(tabs.isLeading).toBe(true));
    tabs.leave();
    expect(stopped).toBe(1);
  });

  test("one that was taken over from stores nothing any more", async () => {
    const store = new IndexedDbStore(aName());
    const old = await store.lead();
    await store.lead();
    const change = { kind: "settings", conversation_id: CHAT, settings: { archived: true, notify: "all" } } as const;
    await expect(store.write([change], old)).rejects.toBeInstanceOf(StaleLeader);
    expect((await store.load()).settings).toEqual({});
  });

  test("refresh once for all of them", async () => {
    const { cloud, options } = aCloud();
    cloud.expires_in = 1;
    await signedIn(options());
    cloud.expires_in = 3600;
    const [one, two] = [await resumed(options()), await resumed(options())];
    const calls = [one, two, one, two].map((tab) => tab.call("GET", "/v1/conversations"));
    await Promise.all(calls);
    expect(cloud.count("/v1/sessions/refresh")).toBe(1);
  });
});

describe("a session", () => {
  test("that is refused is refreshed, and the call made again", async () => {
    const { cloud, options } = aCloud();
    const natter = await signedIn(options());
    cloud.expireAccess();
    const inbox: string[] = [];
    const before = cloud.requests.length;
    for await (const { conversation_id } of natter.inbox()) inbox.push(conversation_id);
    expect(inbox).toEqual([CHAT, "second"]);
    const paths = cloud.requests.slice(before).map(({ path }) => path.replace("/v1/", ""));
    expect(paths).toEqual(["conversations", "sessions/refresh", "conversations", "conversations"]);
  });

  test("is not refreshed for a password that is wrong: it would be tried twice", async () => {
    const { cloud, options } = aCloud();
    const natter = await signedIn(options());
    const wrong = natter.call("DELETE", "/v1/users/me", { password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "bad_credentials" });
    expect([cloud.count("/v1/users/me"), cloud.count("/v1/sessions/refresh")]).toEqual([1, 0]);
  });

  test("that ends elsewhere ends everything; what is not sent waits for who signs in again", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options());
    cloud.isMute = true;
    await natter.conversation(CHAT).send("later");
    cloud.expireTokens();
    cloud.post({ type: "signed_out" });
    await until(() => expect(natter.connection.state).toBe("signed_out"));
    await expect(natter.call("GET", "/v1/conversations")).rejects.toMatchObject({ advice: "sign_in" });
    natter.disconnect();
    expect(await Natter.resume(options())).toBeUndefined();
    cloud.isMute = false;
    const again = await connected(options());
    await until(() => expect(again.unsent).toEqual([]));
    expect(says(cloud)).toEqual(["later"]);
  });

  test("of somebody else on the same device begins with nothing", async () => {
    const { cloud, options } = aCloud();
    const ann = await signedIn(options());
    await ann.conversation(CHAT).send("Ann's");
    ann.disconnect();
    cloud.userId = "eve";
    expect((await signedIn(options())).unsent).toEqual([]);
  });

  test("is not ended while something is not sent, unless that is to be", async () => {
    const { options } = aCloud();
    const natter = await signedIn(options());
    await natter.conversation(CHAT).send("not yet");
    await expect(natter.signOut()).rejects.toMatchObject({ code: "unsent" });
    await natter.signOut({ discard: true });
    expect(await Natter.resume(options())).toBeUndefined();
  });

  test("that cannot begin says why, and what to do", async () => {
    const { cloud, options } = aCloud();
    const wrong = Natter.signIn(options(), { username: "ann", password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "bad_credentials", status: 401, advice: "change" });
    const taken = Natter.signUp(options(), { username: "taken", password: "long enough" });
    await expect(taken).rejects.toBeInstanceOf(NatterError);
    cloud.isDown = true;
    await expect(Natter.signIn(options(), ANN)).rejects.toMatchObject({ code: "offline", advice: "retry" });
  });
});

describe("connecting", () => {
  test("is idempotent, and disconnecting final", async () => {
    const { cloud, options } = aCloud();
    const natter = await connected(options(new MemoryStore()));
    natter.connect();
    await natter.conversation(CHAT).send("x");
    await until(() => expect(natter.unsent).toEqual([]));
    expect(cloud.count("/v1/tickets")).toBe(1);
    natter.disconnect();
    expect(natter.connection.state).toBe("idle");
    expect(cloud.sockets.size).toBe(0);
  });

  test("shows who is there", async () => {
    const { options } = aCloud();
    const natter = await connected(options());
    natter.watch(["ben"]);
    await until(() => expect(natter.presence).toEqual([{ user_id: "ben", state: "online" }]));
  });

  test("a listener that throws does not keep the others from hearing", async () => {
    const { cloud, options } = aCloud();
    const uncaught: unknown[] = [];
    const catches = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", catches);
    const natter = await connected(options());
    natter.on("message", () => {
      throw new Error("mine");
    });
    const heard = natter.stream("message").next();
    await until(() => expect(natter.conversations.length).toBe(1));
    cloud.other("Hello");
    expect((await heard).value).toMatchObject({ conversation_id: CHAT });
    await until(() => expect(uncaught).toHaveLength(1));
    process.off("uncaughtException", catches);
  });
});

test("a database whose handle died is opened again, once", async () => {
  const store = new IndexedDbStore(aName());
  await store.setAccount({ user_id: ME, device_id: "d", tokens: null });
  const real = IDBDatabase.prototype.transaction;
  let failures = 1;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (this: IDBDatabase, ...args) {
    if (failures-- > 0) throw new DOMException("The database connection is closing.", "InvalidStateError");
    return real.apply(this, args);
  });
  expect(await store.account()).toMatchObject({ user_id: ME });
  vi.restoreAllMocks();
});
