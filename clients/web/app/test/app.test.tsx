/** The app over the SDK and an API in memory: who signs in sees conversations, and what they write is said. */

import { MemoryStore, Natter } from "@natter/client";
import { findByRole, getByLabelText, getByRole } from "@testing-library/dom";
import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Cloud } from "../../sdk/test/cloud.js";
import { App } from "../src/screens/app.js";
import { enter, who } from "../src/state/session.js";
import { loadStrings } from "../src/strings/index.js";

let cloud: Cloud;
let root: HTMLElement;

beforeEach(async () => {
  await loadStrings(["en"]);
  cloud = new Cloud();
  root = document.body.appendChild(document.createElement("div"));
  render(<App config={{ http: "http://cloud", oidc: null }} />, root);
});

afterEach(() => {
  if (who.value.is === "in") who.value.session.leave();
  who.value = { is: "starting" };
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

async function signedIn(): Promise<void> {
  const options = { url: "http://cloud", store: new MemoryStore(), fetch: cloud.fetch, WebSocket: cloud.WebSocket };
  enter(await Natter.signIn(options as never, { username: "ann", password: "right" }));
}

test("who is not signed in is asked for a name and a password", async () => {
  who.value = { is: "out", ended: false };
  await findByRole(root, "heading", { name: "Sign in to Natter" });
  expect(getByLabelText(root, "Password").getAttribute("autocomplete")).toBe("current-password");
  expect(getByRole(root, "button", { name: "Sign in" })).toBeTruthy();
});

test("who is signed in sees conversations", async () => {
  await signedIn();
  expect(await findByRole(root, "navigation", { name: "Conversations" })).toBeTruthy();
});
