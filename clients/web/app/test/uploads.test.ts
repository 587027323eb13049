/** Files on their way: announced as they are, uploaded with progress, shown by a message; and what can go wrong. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { add, cancel, MOST_BYTES, retry, uploadsOf } from "../src/parts/upload/uploads.js";
import type { Session } from "../src/state/session.js";
import { loadStrings } from "../src/strings/index.js";

const SHA_OF_ABC = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
const UPLOAD = { url: "https://store/bucket", fields: { key: "pending/1", policy: "p" } };

/** The store, which answers when the test says so. */
class Store {
  static readonly requests: Store[] = [];
  readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  status = 0;
  url = "";
  form = new FormData();
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  onloadend = () => {};

  open(_: string, url: string): void {
    this.url = url;
  }

  send(form: FormData): void {
    this.form = form;
    Store.requests.push(this);
  }

  abort(): void {
    this.onabort();
  }

  answer(status: number): void {
    this.status = status;
    status === 0 ? this.onerror() : this.onload();
    this.onloadend();
  }
}

let chat = "";
const call = vi.fn();
const send = vi.fn();
const session = { natter: { call, conversation: () => ({ send }) } } as unknown as Session;

beforeEach(async () => {
  await loadStrings(["en"]);
  vi.stubGlobal("XMLHttpRequest", Store);
  Store.requests.length = 0;
  call.mockReset().mockResolvedValue({ attachment_id: "a1", upload: UPLOAD });
  send.mockReset().mockResolvedValue("c1");
  chat = crypto.randomUUID();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function request(count = 1): Promise<Store> {
  await vi.waitFor(() => expect(Store.requests).toHaveLength(count));
  return Store.requests.at(-1) as Store;
}

test("a file is announced with its digest, uploaded with the fields first, and then shown", async () => {
  add(session, chat, [new File(["abc"], "a.txt", { type: "text/plain" })]);
  const store = await request();
  expect(call).toHaveBeenCalledWith("POST", `/v1/conversations/${chat}/attachments`, {
    name: "a.txt",
    content_type: "text/plain",
    size: 3,
    sha256: SHA_OF_ABC,
  });
  expect(store.url).toBe(UPLOAD.url);
  expect([...store.form.keys()]).toEqual(["key", "policy", "file"]);
  store.upload.onprogress?.({ loaded: 1, total: 4 });
  expect(uploadsOf(chat).value).toMatchObject([{ state: "sending", progress: 0.25 }]);
  expect(send).not.toHaveBeenCalled();
  store.answer(204);
  await vi.waitFor(() => expect(uploadsOf(chat).value).toEqual([]));
  expect(send).toHaveBeenCalledWith({ type: "attachment", attachment_id: "a1" });
});

test("files appear in the order in which they were added", async () => {
  add(session, chat, [new File(["a"], "a"), new File(["b"], "b")]);
  const first = await request();
  expect(uploadsOf(chat).value.map((each) => each.state)).toEqual(["sending", "waiting"]);
  first.answer(204);
  const second = await request(2);
  expect((second.form.get("file") as File).name).toBe("b");
  second.answer(204);
  await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(2));
});

test("one that was interrupted is told so, lets the others go on, and is tried again", async () => {
  add(session, chat, [new File(["a"], "a"), new File(["b"], "b")]);
  (await request()).answer(0);
  (await request(2)).answer(204);
  await vi.waitFor(() => expect(uploadsOf(chat).value).toHaveLength(1));
  const [failed] = uploadsOf(chat).value;
  expect(failed).toMatchObject({ state: "failed", error: expect.stringContaining("No connection") });
  retry(session, chat, (failed as { id: string }).id);
  (await request(3)).answer(204);
  await vi.waitFor(() => expect(uploadsOf(chat).value).toEqual([]));
  expect(send).toHaveBeenCalledTimes(2);
});

test("one that is cancelled shows nothing", async () => {
  add(session, chat, [new File(["a"], "a")]);
  await request();
  cancel(chat, (uploadsOf(chat).value[0] as { id: string }).id);
  await vi.waitFor(() => expect(uploadsOf(chat).value).toEqual([]));
  add(session, chat, [new File(["b"], "b")]);
  (await request(2)).answer(204);
  await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(1));
});

test("what can never be taken is refused before anybody is asked", async () => {
  const large = new File([], "large");
  Object.defineProperty(large, "size", { value: MOST_BYTES + 1 });
  add(session, chat, [large, new File([], "empty")]);
  expect(uploadsOf(chat).value.map((each) => each.state)).toEqual(["failed", "failed"]);
  expect(call).not.toHaveBeenCalled();
});
