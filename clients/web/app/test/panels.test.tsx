/** Screens that are opened from the inbox and from a conversation, over the SDK and an API in memory. */

import {
  configure,
  findByRole,
  findByText,
  getByLabelText,
  getByRole,
  queryByRole,
  waitFor,
} from "@testing-library/dom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { giveProof } from "../src/state/proof.js";
import { go, type Route, route } from "../src/state/route.js";
import { loadStrings } from "../src/strings/index.js";
import { CHAT, World } from "./world.js";

/** Screens are loaded when they are asked for, on a machine that may be busy. */
configure({ asyncUtilTimeout: 10_000 });

let world: World;

beforeEach(async () => {
  await loadStrings(["en"]);
  world = new World();
});

afterEach(() => {
  world.end();
  vi.unstubAllGlobals();
});

/** Somebody is signed in, and there. */
async function at(to: Route): Promise<void> {
  world.show();
  await world.signIn();
  go(to);
}

function type(label: string, text: string): void {
  const field = getByLabelText(world.root, label) as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function choose(label: string, value: string): void {
  const field = getByLabelText(world.root, label) as HTMLSelectElement;
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function called(method: string, path: string): unknown[] {
  return world.calls.filter((each) => each.method === method && each.path === path).map((each) => each.body);
}

const DORA = { user_id: "dora", username: "dora", display_name: "Dora" };

test("somebody is found by their user name, and written to", async () => {
  world.answers["GET /v1/contacts"] = [200, { items: [] }];
  world.answers["GET /v1/users"] = [200, { items: [DORA] }];
  world.answers["POST /v1/conversations"] = [200, { conversation_id: CHAT }];
  await at({ to: "new" });
  await findByRole(world.root, "heading", { name: "New conversation" });
  type("User name", "dora");
  getByRole(world.root, "button", { name: "Find" }).click();
  (await findByRole(world.root, "button", { name: /^Dora/ })).click();
  await waitFor(() => expect(route.value).toEqual({ to: "conversation", id: CHAT }));
  expect(called("POST", "/v1/conversations")).toEqual([{ kind: "direct", members: ["dora"] }]);
});

test("a group has a name, and whoever is chosen; asked for again, it is the same", async () => {
  world.answers["GET /v1/contacts"] = [200, { items: [DORA] }];
  world.answers["POST /v1/conversations"] = [503, { code: "unavailable", detail: "later" }];
  await at({ to: "new" });
  (await findByRole(world.root, "radio", { name: "A group" })).click();
  (await findByRole(world.root, "button", { name: /^Dora/ })).click();
  type("Name of the group", "Lobby");
  const submit = getByRole(world.root, "button", { name: "Create group" });
  submit.click();
  await findByText(world.root, "This is not possible right now. Please try again.");
  world.answers["POST /v1/conversations"] = [201, { conversation_id: CHAT }];
  submit.click();
  await waitFor(() => expect(route.value.to).toBe("conversation"));
  const [first, second] = called("POST", "/v1/conversations") as { conversation_id: string; members: string[] }[];
  expect(first).toMatchObject({ kind: "group", title: "Lobby", members: ["dora"] });
  expect(second).toEqual(first);
});

test("who is blocked was asked about before, and said to be", async () => {
  world.answers["GET /v1/contacts"] = [200, { items: [] }];
  world.answers["GET /v1/blocks"] = [200, { items: [] }];
  world.answers["PUT /v1/blocks/ben"] = [204];
  await at({ to: "info", id: CHAT });
  (await findByRole(world.root, "button", { name: "Block" })).click();
  expect(called("PUT", "/v1/blocks/ben")).toEqual([]);
  const dialog = await findByRole(world.root, "dialog", { name: "Block Ben Adler?" });
  getByRole(dialog, "button", { name: "Block" }).click();
  await findByRole(world.root, "button", { name: "Unblock" });
  expect(called("PUT", "/v1/blocks/ben")).toHaveLength(1);
});

test("a conversation is muted for an hour, and no longer", async () => {
  await at({ to: "info", id: CHAT });
  await findByRole(world.root, "heading", { name: "For you" });
  const before = Date.now();
  choose("Mute", "hour");
  await findByText(world.root, "Saved.");
  const [{ muted_until }] = called("PATCH", `/v1/conversations/${CHAT}/me`) as [{ muted_until: number }];
  expect(muted_until - before).toBeGreaterThanOrEqual(3_600_000);
  expect(muted_until - before).toBeLessThan(3_660_000);
});

test("who runs a group may do what the protocol lets them do, and nobody else", async () => {
  world.conversation = { kind: "group", title: "Lobby", role: "member", member_count: 3 };
  await at({ to: "info", id: CHAT });
  await findByRole(world.root, "button", { name: "Leave group" });
  await findByText(world.root, "Cem Öz");
  expect(queryByRole(world.root, "button", { name: "Add people" })).toBeNull();
  expect(queryByRole(world.root, "button", { name: "Actions for Cem Öz" })).toBeNull();
});

test("an admin removes a member", async () => {
  world.conversation = { kind: "group", title: "Lobby", role: "admin", member_count: 3 };
  world.answers[`DELETE /v1/conversations/${CHAT}/members/cem`] = [204];
  await at({ to: "info", id: CHAT });
  (await findByRole(world.root, "button", { name: "Actions for Cem Öz" })).click();
  expect(queryByRole(world.root, "menuitem", { name: "Make an admin" })).toBeNull();
  (await findByRole(world.root, "menuitem", { name: "Remove from the group" })).click();
  const dialog = await findByRole(world.root, "dialog", { name: "Remove Cem Öz from the group?" });
  getByRole(dialog, "button", { name: "Remove from the group" }).click();
  await findByText(world.root, "Changed.");
  expect(called("DELETE", `/v1/conversations/${CHAT}/members/cem`)).toHaveLength(1);
});

test("what is refused is said where it was asked", async () => {
  world.answers["PUT /v1/users/me/password"] = [403, { code: "bad_credentials", detail: "wrong" }];
  await at({ to: "settings", section: "password" });
  await findByRole(world.root, "heading", { name: "Password" });
  type("Current password", "wrong");
  type("New password", "long enough");
  getByRole(world.root, "button", { name: "Save" }).click();
  await findByText(world.root, "Wrong user name or password.");
});

test("quiet hours begin with the time zone of the browser", async () => {
  const path = "/v1/users/me/notifications";
  world.answers[`GET ${path}`] = [200, { previews: true, mentions_pierce_mute: true }];
  world.answers[`PATCH ${path}`] = [200, { previews: true, mentions_pierce_mute: true }];
  await at({ to: "settings", section: "notifications" });
  (await findByRole(world.root, "checkbox", { name: "Quiet hours" })).click();
  await findByText(world.root, "Saved.");
  const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(called("PATCH", path)).toEqual([{ quiet: { from: "22:00", to: "07:00", time_zone } }]);
});

test("an account is deleted with its password, after a question", async () => {
  world.answers["DELETE /v1/users/me"] = [202];
  await at({ to: "settings", section: "data" });
  await findByRole(world.root, "heading", { name: "Your data" });
  type("Your password, to be sure", "right");
  getByRole(world.root, "button", { name: "Delete my account" }).click();
  const dialog = await findByRole(world.root, "dialog", { name: "Delete your account for good?" });
  expect(called("DELETE", "/v1/users/me")).toEqual([]);
  getByRole(dialog, "button", { name: "Delete my account" }).click();
  await findByRole(world.root, "heading", { name: "Sign in to Natter" });
  expect(called("DELETE", "/v1/users/me")).toEqual([{ password: "right" }]);
});

test("where an organisation signs people in, an account is deleted with what it has just said, after a question", async () => {
  const path = "/v1/users/me";
  const isAsked = async (id_token: string) => {
    giveProof({ id_token });
    go({ to: "settings", section: "data" });
    const dialog = await findByRole(world.root, "dialog", { name: "Delete your account for good?" });
    getByRole(dialog, "button", { name: "Delete my account" }).click();
  };
  world.config = { ...world.config, oidc: { issuer: "https://id.example", client_id: "natter" } };
  world.answers[`DELETE ${path}`] = [401, { code: "bad_credentials", detail: "" }];
  await at({ to: "settings" });
  await findByRole(world.root, "link", { name: "Your data" });
  expect(queryByRole(world.root, "link", { name: "Password" })).toBeNull();
  await isAsked("somebody else's");
  await findByText(world.root, /^Signing in with your organisation did not work/);
  world.answers[`DELETE ${path}`] = [202];
  go({ to: "settings" });
  await findByRole(world.root, "link", { name: "Your data" });
  await isAsked("one's own");
  await findByRole(world.root, "heading", { name: "Sign in to Natter" });
  expect(called("DELETE", path)).toEqual([{ id_token: "somebody else's" }, { id_token: "one's own" }]);
});

test("whoever comes back to the inbox has the focus where they left it", async () => {
  await at({ to: "settings" });
  const heading = await findByRole(world.root, "heading", { name: "Settings" });
  await waitFor(() => expect(document.activeElement).toBe(heading));
  go({ to: "inbox" });
  await waitFor(() => expect(document.activeElement?.getAttribute("href")).toBe("#/settings"));
  go({ to: "info", id: CHAT });
  await waitFor(() => expect(document.activeElement?.tagName).toBe("H1"));
  go({ to: "inbox" });
  await waitFor(() => expect(document.activeElement?.getAttribute("href")).toBe(`#/c/${CHAT}`));
  go({ to: "conversation", id: "gone" });
  await waitFor(() => expect(document.activeElement?.tagName).not.toBe("A"));
  go({ to: "inbox" });
  await waitFor(() => expect(document.activeElement?.id).toBe("main"));
});

test("other devices are signed out, this one is not", async () => {
  const device = { device_id: "d", platform: "web", created_at: 1, refreshed_at: 1 };
  const sessions = [
    { ...device, session_id: "s1", device_name: "Here", current: true },
    { ...device, session_id: "s2", device_name: "Phone", current: false },
  ];
  world.answers["GET /v1/sessions"] = [200, { items: sessions }];
  world.answers["DELETE /v1/sessions/s2"] = [204];
  await at({ to: "settings", section: "devices" });
  (await findByRole(world.root, "button", { name: "Sign out all other devices" })).click();
  const dialog = await findByRole(world.root, "dialog");
  getByRole(dialog, "button", { name: "Sign out all other devices" }).click();
  await findByText(world.root, "Signed out.");
  expect(world.calls.filter((each) => each.method === "DELETE").map((each) => each.path)).toEqual(["/v1/sessions/s2"]);
});
