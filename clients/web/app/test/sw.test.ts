/** The service worker, by the events that browsers send it. */

import { beforeAll, beforeEach, expect, test, vi } from "vitest";

const listeners = new Map<string, (event: object) => void>();
const showNotification = vi.fn();
const openWindow = vi.fn();
const matchAll = vi.fn();

beforeAll(async () => {
  vi.stubGlobal("addEventListener", (name: string, listener: (event: object) => void) => listeners.set(name, listener));
  vi.stubGlobal("registration", { showNotification });
  vi.stubGlobal("clients", { matchAll, openWindow });
  await import("../src/sw.js");
});

beforeEach(() => {
  for (const each of [showNotification, openWindow, matchAll]) each.mockReset();
});

async function happens(name: string, event: object): Promise<void> {
  let work: Promise<unknown> = Promise.resolve();
  listeners.get(name)?.({
    ...event,
    waitUntil: (now: Promise<unknown>) => {
      work = now;
    },
  });
  await work;
}

const PUSH = { title: "Ann", body: "Hello", badge: 2, data: { conversation_id: "c1", seq: 7, kind: "direct" } };

test("a push is shown, in the place of an earlier one of its conversation", async () => {
  await happens("push", { data: { json: () => PUSH } });
  const [title, options] = showNotification.mock.calls[0] as [string, object];
  expect(title).toBe("Ann");
  expect(options).toMatchObject({ body: "Hello", tag: "c1", data: PUSH.data });
});

test("what is no push of ours is not shown", async () => {
  await happens("push", { data: { json: () => ({ title: "?" }) } });
  await happens("push", { data: null });
  expect(showNotification).not.toHaveBeenCalled();
});

test("who chooses it is brought to the message, in the window that is open", async () => {
  const page = { focus: vi.fn(), postMessage: vi.fn() };
  matchAll.mockResolvedValue([page]);
  const close = vi.fn();
  await happens("notificationclick", { notification: { close, data: PUSH.data } });
  expect(close).toHaveBeenCalled();
  expect(page.postMessage).toHaveBeenCalledWith({ open: "#/c/c1/7" });
  expect(page.focus).toHaveBeenCalled();
  expect(openWindow).not.toHaveBeenCalled();
});

test("or in a new one", async () => {
  matchAll.mockResolvedValue([]);
  await happens("notificationclick", { notification: { close: vi.fn(), data: PUSH.data } });
  expect(openWindow).toHaveBeenCalledWith("/#/c/c1/7");
});
