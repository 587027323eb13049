import { Natter } from "@natter/client";
import type { Config, Oidc } from "../state/config.js";
import { enter, optionsOf } from "../state/session.js";

/** Signing in at the deployment's identity provider: authorization code with PKCE (RFC 7636), state and nonce. */

const KEY = "natter.oidc";
const TIMEOUT_MS = 10_000;

interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

interface Provider {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

/** Leaves for the provider; it sends people back to this page. */
export async function begin({ oidc }: Config): Promise<void> {
  const { client_id } = oidc as Oidc;
  const provider = await discover(oidc as Oidc);
  const begun: Begun = { state: random(), nonce: random(), verifier: random() };
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
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url.href);
}

/**
 * Takes up what `begin` began: the code for an ID token, and that for a session.
 *
 * @throws Error it was not begun here, or the provider refused
 */
export async function finish(config: Config, search = location.search): Promise<void> {
  const query = new URLSearchParams(search);
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Begun | null;
  sessionStorage.removeItem(KEY);
  history.replaceState(null, "", `/${location.hash}`);
  const code = query.get("code");
  if (!begun || !code || query.get("state") !== begun.state) throw new Error("not begun here");
  const id_token = await exchange(config.oidc as Oidc, code, begun.verifier);
  if (nonceOf(id_token) !== begun.nonce) throw new Error("another nonce");
  enter(await Natter.signIn(optionsOf(config), { id_token }));
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

/** Of the claims, which nobody has checked here: the API checks the token. */
function nonceOf(idToken: string): unknown {
  const [, claims = ""] = idToken.split(".");
  return (JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as { nonce?: unknown }).nonce;
}
