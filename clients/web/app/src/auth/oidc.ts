import { Natter } from "@natter/client";
import type { Config, Oidc } from "../state/config.js";
import { giveProof } from "../state/proof.js";
import { go, parseRoute } from "../state/route.js";
import { enter, optionsOf, resume } from "../state/session.js";

/** Signing in at the deployment's identity provider: authorization code with PKCE (RFC 7636), state and nonce. */

const KEY = "natter.oidc";
const TIMEOUT_MS = 10_000;
/** The provider's clock and ours may be so far apart. */
const LEEWAY_MS = 60_000;
/** Whoever has a session at the provider signs in all the same; providers heed one of the two, or both. */
const ANEW = { prompt: "login", max_age: "0" };

interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where one was. */
  readonly hash: string;
  /** When who has left is signed in, and proves once more who they are. */
  readonly proof_at?: number;
}

interface Provider {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

/**
 * Leaves for the provider; it sends people back to this page.
 *
 * @param options `isProof`: somebody who is signed in proves once more who they are, for `takeProof`
 */
export async function begin({ oidc }: Config, { isProof = false } = {}): Promise<void> {
  const { client_id } = oidc as Oidc;
  const provider = await discover(oidc as Oidc);
  const secrets = { state: random(), nonce: random(), verifier: random() };
  const begun: Begun = { ...secrets, hash: location.hash, ...(isProof ? { proof_at: Date.now() } : {}) };
  // Of this tab alone, and gone with it: it is what proves that who comes back has left from here.
  sessionStorage.setItem(KEY, JSON.stringify(begun));
  const url = new URL(provider.authorization_endpoint);
  const query = {
    response_type: "code",
    client_id,
    redirect_uri: redirectUri(),
    scope: "openid profile email",
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await challengeOf(begun.verifier),
    code_challenge_method: "S256",
    ...(isProof ? ANEW : {}),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url.href);
}

/**
 * Takes up what `begin` began, where one was: the code for an ID token, and that for a session, or as a proof.
 *
 * @throws Error nobody signs in: it was not begun here, or the provider refused
 */
export async function finish(config: Config, search = location.search): Promise<void> {
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Begun | null;
  sessionStorage.removeItem(KEY);
  history.replaceState(null, "", "/");
  if (begun) go(parseRoute(begun.hash), { replace: true });
  const proven = tokenOf(config.oidc as Oidc, begun, new URLSearchParams(search));
  if (begun?.proof_at === undefined) {
    enter(await Natter.signIn(optionsOf(config), { id_token: await proven }));
    return;
  }
  giveProof(
    await proven.then(
      (id_token) => ({ id_token }),
      () => "failed",
    ),
  );
  await resume(optionsOf(config));
}

async function tokenOf(oidc: Oidc, begun: Begun | null, query: URLSearchParams): Promise<string> {
  const code = query.get("code");
  if (!begun || !code || query.get("state") !== begun.state) throw new Error("not begun here");
  const id_token = await exchange(oidc, code, begun.verifier);
  const { nonce, auth_time } = claimsOf(id_token);
  if (nonce !== begun.nonce) throw new Error("another nonce");
  const isOld = typeof auth_time === "number" && auth_time * 1000 < (begun.proof_at ?? 0) - LEEWAY_MS;
  if (isOld) throw new Error("not signed in anew");
  return id_token;
}

async function exchange(oidc: Oidc, code: string, code_verifier: string): Promise<string> {
  const { client_id } = oidc;
  const { token_endpoint } = await discover(oidc);
  const grant = { grant_type: "authorization_code", code, client_id, code_verifier, redirect_uri: redirectUri() };
  const answer = await fetch(token_endpoint, {
    method: "POST",
    body: new URLSearchParams(grant),
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { id_token } = (await answer.json()) as { id_token?: unknown };
  if (!answer.ok || typeof id_token !== "string") throw new Error("no ID token");
  return id_token;
}

async function discover({ issuer }: Oidc): Promise<Provider> {
  const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const provider = (await answer.json()) as Provider;
  if (!answer.ok || provider.issuer !== issuer) throw new Error("not the provider");
  return provider;
}

function redirectUri(): string {
  return `${location.origin}/`;
}

/** 32 bytes, in base64url: also what a code verifier has to be made of. */
function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** What it claims, which nobody has checked here: the API checks the token. */
function claimsOf(idToken: string): { readonly nonce?: unknown; readonly auth_time?: unknown } {
  const [, claims = ""] = idToken.split(".");
  return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
}
