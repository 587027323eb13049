/** The inbox: what is unread, muted, archived, found. */

import { findByRole, getByRole, queryByRole, waitFor, within } from "@testing-library/dom";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadStrings } from "../src/strings/index.js";
import { CHAT, World } from "./world.js";

let world: World;
let inbox: HTMLElement;

beforeEach(async () => {
  await loadStrings(["en"]);
  world = new World();
  world.cloud.other("hello you");
  world.show();
  await world.signIn();
  inbox = await findByRole(world.root, "navigation", { name: "Conversations" });
  await findByRole(inbox, "link", { name: /Ben Adler.*hello you/ });
});

afterEach(() => world.end());

async function choose(item: string): Promise<void> {
  within(inbox).getByRole("button", { name: "Actions for Ben Adler" }).click();
  (await findByRole(inbox, "menuitem", { name: item })).click();
}

test("shows who is there, what was said last, and how much is unread", async () => {
  world.cloud.other("another");
  const link = await findByRole(inbox, "link", { name: /Ben Adler\s*, online.*another.*2 unread messages/ });
  expect(link.getAttribute("href")).toBe(`#/c/${CHAT}`);
  await waitFor(() => expect(document.title).toBe("(1) Natter"));
});

test("what is muted says so, and waits for nobody", async () => {
  await choose("Mute");
  await findByRole(inbox, "link", { name: /Ben Adler.*muted/ });
  await waitFor(() => expect(document.title).toBe("Natter"));
  expect(world.calls.at(-1)).toMatchObject({ method: "PATCH", path: `/v1/conversations/${CHAT}/me` });
  await choose("Unmute");
  await waitFor(() => expect(queryByRole(inbox, "link", { name: /muted/ })).toBeNull());
});

test("what is archived is out of sight until one asks for it", async () => {
  await choose("Archive");
  await waitFor(() => expect(queryByRole(inbox, "link", { name: /Ben Adler/ })).toBeNull());
  await waitFor(() => expect(inbox.contains(document.activeElement)).toBe(true));
  getByRole(inbox, "button", { name: "Archived", pressed: false }).click();
  await findByRole(inbox, "link", { name: /Ben Adler/ });
});

test("what cannot be done is told, and nothing changes", async () => {
  world.answers[`PATCH /v1/conversations/${CHAT}/me`] = [503, { code: "unavailable", detail: "" }];
  await choose("Mute");
  const loud = world.root.querySelector("[aria-live=assertive]");
  await waitFor(() => expect(loud?.textContent).toContain("This is not possible right now"));
  expect(queryByRole(inbox, "link", { name: /muted/ })).toBeNull();
});

test("finds conversations by name and by what was said, and says how many", async () => {
  const search = getByRole<HTMLInputElement>(inbox, "searchbox", { name: "Search conversations" });
  const status = within(inbox).getByRole("status");
  const find = (text: string) => {
    search.value = text;
    search.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  find("HELLO Y");
  await waitFor(() => expect(status.textContent).toBe("1 conversation found"));
  find("nobody");
  await waitFor(() => expect(status.textContent).toBe("0 conversations found"));
  expect(queryByRole(inbox, "link", { name: /Ben Adler/ })).toBeNull();
});

test("of who erases their account no name and no words are kept", async () => {
  await waitFor(() => expect(localStorage.getItem("natter.u.people")).toContain("Ben Adler"));
  expect(localStorage.getItem("natter.u.inbox")).not.toContain("hello you");
  world.conversation = { peer: { user_id: "ben", display_name: "deleted user", deleted: true } };
  world.happens({ type: "member_erased", user_id: "ben" });
  await findByRole(inbox, "link", { name: /Deleted user.*This message was deleted/ });
  await waitFor(() => expect(JSON.stringify(Object.values(localStorage))).not.toContain("Ben Adler"));
});
