/** Signing in at an identity provider, and what is refused on the way back. */

import { createHash } from "node:crypto";
import { Natter } from "@natter/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { begin, finish } from "../src/auth/oidc.js";
import { takeProof } from "../src/state/proof.js";
import { go, route } from "../src/state/route.js";
import { type Session, who } from "../src/state/session.js";
import { loadStrings } from "../src/strings/index.js";
import { World } from "./world.js";

const CONFIG = { http: "http://cloud", oidc: { issuer: "https://id.example", client_id: "natter" } };
let world: World;
let asked: { url: string; body?: string }[];
let nonce: string;
let auth_time: number;
let left: URL;

beforeEach(async () => {
  await loadStrings(["en"]);
  world = new World();
  asked = [];
  nonce = "";
  auth_time = Date.now() / 1000;
  vi.stubGlobal("fetch", async (input: string, init?: RequestInit) => {
    const url = String(input);
    asked.push({ url, ...(init?.body ? { body: String(init.body) } : {}) });
    if (url === "https://id.example/.well-known/openid-configuration") {
      const at = { authorization_endpoint: "https://id.example/auth?a=1", token_endpoint: "https://id.example/token" };
      return Response.json({ issuer: "https://id.example", ...at });
    }
    if (url === "https://id.example/token")
      return Response.json({ id_token: `h.${btoa(JSON.stringify({ nonce, auth_time }))}.s` });
    if (url.endsWith("/v1/sessions")) {
      return Response.json({ access_token: "a", expires_in: 60, user_id: "ann", device_id: "d", session_id: "s" });
    }
    return new Response(null, { status: 503 });
  });
  vi.spyOn(location, "assign").mockImplementation((url) => {
    left = new URL(url);
  });
});

afterEach(() => {
  world.end();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("leaves with a challenge, and comes back with what answers it", async () => {
  await begin(CONFIG);
  const query = left.searchParams;
  expect(query.get("a")).toBe("1");
  expect(query.get("code_challenge_method")).toBe("S256");
  nonce = query.get("nonce") as string;
  await finish(CONFIG, `?code=c&state=${query.get("state")}`);
  const grant = new URLSearchParams(asked.find((each) => each.url.endsWith("/token"))?.body);
  const challenge = createHash("sha256")
    .update(grant.get("code_verifier") as string)
    .digest("base64url");
  expect(query.get("code_challenge")).toBe(challenge);
  expect(JSON.parse(asked.find((each) => each.url.endsWith("/v1/sessions"))?.body as string)).toHaveProperty(
    "id_token",
  );
  expect(who.value.is).toBe("in");
});

/** Somebody is signed in, and leaves for the provider to prove who they are; then the page is loaded anew. */
async function leftToProve(): Promise<URLSearchParams> {
  await begin(CONFIG);
  nonce = left.searchParams.get("nonce") as string;
  await finish(CONFIG, `?code=c&state=${left.searchParams.get("state")}`);
  const { natter } = (who.value as unknown as { session: Session }).session;
  vi.spyOn(Natter, "resume").mockResolvedValue(natter);
  go({ to: "settings", section: "data" });
  await begin(CONFIG, { isProof: true });
  go({ to: "inbox" });
  who.value = { is: "starting" };
  nonce = left.searchParams.get("nonce") as string;
  return left.searchParams;
}

test("who is signed in proves once more who they are, and is back where they were, signed in as before", async () => {
  const query = await leftToProve();
  expect([query.get("prompt"), query.get("max_age")]).toEqual(["login", "0"]);
  await finish(CONFIG, `?code=c&state=${query.get("state")}`);
  expect(route.value).toEqual({ to: "settings", section: "data" });
  expect([who.value.is, asked.filter((each) => each.url.endsWith("/v1/sessions")).length]).toEqual(["in", 1]);
  expect(takeProof()).toEqual({ id_token: expect.stringMatching(/^h\..+\.s$/) });
  expect(takeProof()).toBeUndefined();
});

test.each(["?error=login_required&state=STATE", "?code=c&state=another", "?code=c&state=STATE&was=before"])(
  "has proven nothing, and is signed in as before: %s",
  async (search) => {
    const query = await leftToProve();
    if (search.endsWith("before")) auth_time -= 120; // the provider has not asked
    await finish(CONFIG, search.replace("STATE", query.get("state") as string));
    expect([takeProof(), who.value.is]).toEqual(["failed", "in"]);
  },
);

test.each(["?code=c&state=another", "?error=access_denied&state=STATE", "?code=c&state="])(
  "is not begun by somebody else: %s",
  async (search) => {
    await begin(CONFIG);
    const state = left.searchParams.get("state") as string;
    await expect(finish(CONFIG, search.replace("STATE", state))).rejects.toThrow();
    expect(asked.map((each) => each.url)).not.toContain("https://id.example/token");
  },
);

test("takes no token that was made for another sign-in, and no state twice", async () => {
  await begin(CONFIG);
  nonce = "another";
  const search = `?code=c&state=${left.searchParams.get("state")}`;
  await expect(finish(CONFIG, search)).rejects.toThrow("nonce");
  nonce = left.searchParams.get("nonce") as string;
  await expect(finish(CONFIG, search)).rejects.toThrow("not begun here");
  expect(who.value.is).not.toBe("in");
});
