/** One conversation, as people use it: by roles, names and keys. */

import { findByRole, getAllByRole, getByRole, queryByRole, waitFor, within } from "@testing-library/dom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { look } from "../src/state/attention.js";
import { go } from "../src/state/route.js";
import { loadStrings } from "../src/strings/index.js";
import { CHAT, World } from "./world.js";

let world: World;
let log: HTMLElement;

beforeEach(async () => {
  await loadStrings(["en"]);
  world = new World();
  looksAt(true);
});

afterEach(() => {
  world.end();
  vi.restoreAllMocks();
});

function looksAt(isLooking: boolean): void {
  vi.spyOn(document, "hasFocus").mockReturnValue(isLooking);
  look();
}

async function opened(...texts: string[]): Promise<HTMLTextAreaElement> {
  if (texts.length > 0) world.cloud.other(...texts);
  world.show();
  await world.signIn();
  go({ to: "conversation", id: CHAT });
  log = await findByRole(world.root, "log", { name: /^Messages with / });
  if (texts.length > 0) await message(texts.at(-1) as string);
  return getByRole<HTMLTextAreaElement>(world.root, "textbox", { name: /^Message to / });
}

function message(text: string): Promise<HTMLElement> {
  return findByRole(log, "article", { name: new RegExp(`, ${text}(,|$)`) });
}

function write(field: HTMLTextAreaElement, text: string): void {
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function press(element: Element, key: string, more: KeyboardEventInit = {}): void {
  element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}

async function choose(text: string, item: string): Promise<void> {
  within(await message(text))
    .getByRole("button", { name: "Message actions" })
    .click();
  (await findByRole(log, "menuitem", { name: item })).click();
}

function sent(): unknown[] {
  return world.cloud.frames.flatMap((frame) => ("messages" in frame ? frame.messages : []));
}

test("Enter sends; what is sent says how far it has come", async () => {
  const field = await opened("hello");
  write(field, "good evening");
  press(field, "Enter");
  const own = await message("good evening");
  expect(field.value).toBe("");
  await waitFor(() => expect(within(own).getByRole("img", { name: "Sent" })).toBeTruthy());
  world.cloud.post({ type: "receipt", conversation_id: CHAT, receipts: [{ user_id: "ben", delivered_seq: 3 }] });
  await waitFor(() => expect(within(own).getByRole("img", { name: "Delivered" })).toBeTruthy());
  world.cloud.post({ type: "receipt", conversation_id: CHAT, receipts: [{ user_id: "ben", read_seq: 3 }] });
  await waitFor(() => expect(within(own).getByRole("img", { name: "Read" })).toBeTruthy());
});

test("Enter does not send with Shift, nor while an input method composes", async () => {
  const field = await opened("hello");
  write(field, "にほん");
  press(field, "Enter", { isComposing: true });
  press(field, "Enter", { keyCode: 229 });
  press(field, "Enter", { shiftKey: true });
  expect(field.value).toBe("にほん");
  press(field, "Enter");
  await message("にほん");
  await waitFor(() => expect(sent()).toHaveLength(1));
});

test("without a connection a message waits, is told so, and is sent when there is one", async () => {
  const field = await opened("hello");
  world.cloud.isDown = true;
  world.cloud.closeAll();
  write(field, "still here");
  press(field, "Enter");
  const own = await message("still here");
  expect(within(own).getByRole("img", { name: "Waiting to be sent" })).toBeTruthy();
  const tryNow = await findByRole(world.root, "button", { name: "Try now" });
  expect(tryNow.closest("[role=status]")?.textContent).toContain("No connection");
  world.cloud.isDown = false;
  tryNow.click();
  await waitFor(() => expect(within(own).getByRole("img", { name: "Sent" })).toBeTruthy());
});

test("what is written is kept, for each conversation, until it is sent", async () => {
  const field = await opened("hello");
  write(field, "half a thou");
  expect(localStorage.getItem(`natter.u.draft.${CHAT}`)).toContain("half a thou");
  go({ to: "inbox" });
  await waitFor(() => expect(getByRole(world.root, "link", { name: /Draft: half a thou/ })).toBeTruthy());
  go({ to: "conversation", id: CHAT });
  const again = await findByRole<HTMLTextAreaElement>(world.root, "textbox", { name: /^Message to / });
  expect(again.value).toBe("half a thou");
  log = getByRole(world.root, "log");
  press(again, "Enter");
  await message("half a thou");
  expect(localStorage.getItem(`natter.u.draft.${CHAT}`)).toBeNull();
});

test("one answers a message, by its menu", async () => {
  const field = await opened("a question");
  await choose("a question", "Reply");
  await waitFor(() => expect(world.root.textContent).toContain("Replying to Ben Adler"));
  write(field, "an answer");
  press(field, "Enter");
  const own = await message("an answer");
  expect(within(own).getByRole("button", { name: /^In reply to Ben Adler\s*a question$/ })).toBeTruthy();
  await waitFor(() => expect(sent()).toMatchObject([{ reply_to: 2 }]));
});

test("ArrowUp edits what one said last; Escape leaves it as it was", async () => {
  const field = await opened("hello");
  write(field, "teh end");
  press(field, "Enter");
  await message("teh end");
  await waitFor(() => expect(sent()).toHaveLength(1));
  await waitFor(() => expect(log.querySelector('[data-state="placed"].own')).not.toBeNull());
  press(field, "ArrowUp");
  await waitFor(() => expect(field.value).toBe("teh end"));
  press(field, "Escape");
  await waitFor(() => expect(field.value).toBe(""));
  press(field, "ArrowUp");
  await waitFor(() => expect(field.value).toBe("teh end"));
  write(field, "the end");
  press(field, "Enter");
  const own = await message("the end");
  await waitFor(() => expect(own.textContent).toContain("edited"));
  expect(field.value).toBe("");
});

test("a reaction is set and taken back by its own button", async () => {
  await opened("hello");
  await choose("hello", "React with 👍");
  const own = await message("hello");
  const button = await waitFor(() => within(own).getByRole("button", { name: "👍, 1 person, and you" }));
  expect(button.getAttribute("aria-pressed")).toBe("true");
  await waitFor(() => expect(world.cloud.server.log.at(-1)?.type).toBe("reaction"));
  button.focus();
  button.click();
  await waitFor(() => expect(within(own).queryByRole("button", { name: /👍/ })).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(own));
  await waitFor(() => expect(world.cloud.server.log.at(-1)).toMatchObject({ type: "reaction", removed: true }));
});

test("deleting asks first, and says what is left", async () => {
  const field = await opened("hello");
  write(field, "oops");
  press(field, "Enter");
  await waitFor(async () => expect((await message("oops")).dataset.state).toBe("placed"));
  await choose("oops", "Delete");
  const dialog = await findByRole(world.root, "dialog", { name: "Delete this message for everybody?" });
  within(dialog).getByRole("button", { name: "Delete" }).click();
  const gone = await findByRole(log, "article", { name: /This message was deleted/ });
  // What opened the dialog is gone with what it said.
  await waitFor(() => expect(document.activeElement).toBe(gone));
});

test("what is refused says why, and can be tried again or thrown away", async () => {
  const field = await opened("hello");
  write(field, "in vain");
  world.cloud.server.accept = (_, frame) => ({
    events: [],
    refused: "messages" in frame ? frame.messages.map((each) => each.client_id) : [],
  });
  press(field, "Enter");
  const own = await message("in vain");
  const discard = await waitFor(() => within(own).getByRole("button", { name: "Delete" }));
  expect(own.textContent).toContain("Not sent: The message was deleted.");
  expect(within(own).getByRole("button", { name: "Try again" })).toBeTruthy();
  const loud = world.root.querySelector("[aria-live=assertive]");
  await waitFor(() => expect(loud?.textContent).toBe("A message was not sent."));
  discard.click();
  await waitFor(() => expect(queryByRole(log, "article", { name: /in vain/ })).toBeNull());
});

test("it is read only while somebody looks; what came meanwhile stands below a line", async () => {
  await opened("seen");
  const read = () => world.cloud.frames.flatMap((frame) => (frame.action === "read" ? frame.seq : []));
  await waitFor(() => expect(read()).toEqual([2]));
  looksAt(false);
  world.cloud.other("unseen");
  await message("unseen");
  expect(await findByRole(log, "heading", { name: "New messages" })).toBeTruthy();
  expect(document.title).toBe("(1) Ben Adler · Natter");
  expect(read()).toEqual([2]);
  looksAt(true);
  await waitFor(() => expect(read()).toEqual([2, 3]));
  expect(queryByRole(log, "heading", { name: "New messages" })).not.toBeNull();
  await waitFor(() => expect(document.title).toBe("Ben Adler · Natter"));
});

test("what others say is announced: what is new, and one batch of many", async () => {
  await opened("history");
  const quiet = world.root.querySelector("[aria-live=polite]");
  world.cloud.other("one thing");
  await waitFor(() => expect(quiet?.textContent).toBe("Ben Adler: one thing"));
  world.cloud.other("a", "b", "c", "d");
  await waitFor(() => expect(quiet?.textContent).toContain("4 new messages in Ben Adler"));
  expect(quiet?.textContent).not.toContain("history");
});

test("keys go from message to message, and into their actions", async () => {
  await opened("first", "second", "third");
  const third = await message("third");
  await waitFor(() => expect(third.tabIndex).toBe(0));
  third.focus();
  press(third, "ArrowUp");
  const second = await message("second");
  await waitFor(() => expect(document.activeElement).toBe(second));
  expect(third.tabIndex).toBe(-1);
  const button = within(second).getByRole("button", { name: "Message actions" });
  expect(button.tabIndex).toBe(0);
  button.focus();
  press(button, "ArrowDown");
  const menu = await findByRole(log, "menu");
  await waitFor(() => expect(document.activeElement).toBe(within(menu).getAllByRole("menuitem")[0]));
  press(document.activeElement as Element, "Escape");
  await waitFor(() => expect(document.activeElement).toBe(button));
  expect(queryByRole(log, "menu")).toBeNull();
});

test("a mention is picked from a list, and goes by the id of whom it means", async () => {
  world.conversation = { kind: "group", title: "Garden", member_count: 3 };
  const field = await opened("hello");
  write(field, "ask @ce");
  const option = await findByRole(world.root, "option", { name: /Cem Öz/ });
  expect(field.getAttribute("aria-activedescendant")).toBe(option.id);
  press(field, "Enter");
  await waitFor(() => expect(field.value).toBe("ask @Cem Öz "));
  expect(sent()).toEqual([]);
  press(field, "Enter");
  await waitFor(() => expect(sent()).toMatchObject([{ content: { text: "ask @Cem Öz" }, mentions: ["cem"] }]));
});

test("others see that one types, and one sees that they do", async () => {
  const field = await opened("hello");
  write(field, "h");
  await waitFor(() => expect(world.cloud.frames.map((each) => each.action)).toContain("typing"));
  world.cloud.post({ type: "typing", conversation_id: CHAT, user_id: "ben", state: "started" });
  await waitFor(() => expect(world.root.textContent).toContain("Ben Adler is typing…"));
});

test("what is older is fetched, and one stays where one is", async () => {
  const texts = Array.from({ length: 120 }, (_, index) => `m${index}`);
  await opened(...texts);
  const pages = () => world.calls.filter((each) => each.path.endsWith("/events")).length;
  const before = pages();
  log.scrollTo({ top: 0 });
  await waitFor(() => expect(pages()).toBeGreaterThan(before));
  await waitFor(() => expect(log.scrollTop).toBeGreaterThan(1000));
  expect(getAllByRole(log, "article").length).toBeLessThan(60);
});

test("what is no conversation of one's own is said to be none", async () => {
  world.answers[`GET /v1/conversations/other`] = [403, { code: "not_member", detail: "" }];
  world.show();
  await world.signIn();
  go({ to: "conversation", id: "other" });
  await waitFor(() => expect(world.root.textContent).toContain("You are not in this conversation"));
});

test("what is before and could not be had comes by itself later, and one goes on from there", async () => {
  const path = `GET /v1/conversations/${CHAT}/events`;
  world.answers[path] = [503, { code: "unavailable", detail: "" }];
  await opened(...Array.from({ length: 170 }, (_, n) => `m${n}`));
  log.scrollTo({ top: 0 });
  await findByRole(log, "button", { name: "Try again" });
  delete world.answers[path];
  await waitFor(() => expect(queryByRole(log, "button", { name: "Try again" })).toBeNull());
  await waitFor(() => {
    log.scrollTo({ top: 0 });
    expect(log.textContent).toContain("This is the beginning");
  });
});
