/** Signing up, in and out. */

import { findByRole, getByLabelText, getByRole, queryByRole, waitFor } from "@testing-library/dom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { go } from "../src/state/route.js";
import { who } from "../src/state/session.js";
import { loadStrings } from "../src/strings/index.js";
import { World } from "./world.js";

let world: World;

beforeEach(async () => {
  await loadStrings(["en"]);
  world = new World();
  vi.stubGlobal("fetch", world.fetch);
  world.show();
  who.value = { is: "out" };
  await findByRole(world.root, "heading", { name: "Sign in to Natter" });
});

afterEach(() => {
  world.end();
  vi.unstubAllGlobals();
});

function fill(label: string, value: string): void {
  getByLabelText<HTMLInputElement>(world.root, label).value = value;
}

function submit(name: string): void {
  getByRole(world.root, "button", { name }).closest("form")?.requestSubmit();
}

test("a wrong password is told, and one may try again", async () => {
  fill("User name", "ann");
  fill("Password", "wrong");
  submit("Sign in");
  await waitFor(() => expect(getByRole(world.root, "alert").textContent).toBe("Wrong user name or password."));
  expect(getByRole(world.root, "button", { name: "Sign in" }).getAttribute("aria-disabled")).toBe("false");
});

test("signing in asks for the cookie only where the page is of the API's own origin", async () => {
  fill("User name", " Ann ");
  fill("Password", "right");
  submit("Sign in");
  await findByRole(world.root, "navigation", { name: "Conversations" });
  const { body } = world.calls.find((each) => each.path === "/v1/sessions") ?? {};
  expect(body).toMatchObject({ username: "ann", device: { platform: "web" } });
  expect(body).not.toHaveProperty("refresh");
});

test("a name that is taken is told where it was chosen", async () => {
  go({ to: "sign-up" });
  await findByRole(world.root, "heading", { name: "Create an account" });
  fill("User name", "taken");
  fill("Password", "long enough");
  submit("Create account");
  await waitFor(() => expect(getByRole(world.root, "alert").textContent).toBe("This user name is taken."));
});

test("a session that ends elsewhere leads to signing in, and says why", async () => {
  await world.signIn();
  await findByRole(world.root, "navigation", { name: "Conversations" });
  await waitFor(() => expect(world.cloud.sockets.size).toBe(1));
  world.cloud.post({ type: "signed_out" });
  await waitFor(() => expect(getByRole(world.root, "status").textContent).toContain("Your session has ended"));
  expect(queryByRole(world.root, "navigation")).toBeNull();
});

test("signing out leaves nothing of the account on the device", async () => {
  const session = await world.signIn();
  await waitFor(() => expect(localStorage.getItem("natter.u.inbox")).not.toBeNull());
  await session.signOut();
  await findByRole(world.root, "heading", { name: "Sign in to Natter" });
  expect(Object.keys(localStorage).filter((key) => key.startsWith("natter.u."))).toEqual([]);
});
