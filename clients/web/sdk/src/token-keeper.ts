import { type TokenPair, Tokens, type TokensEffect, type TokensInput } from "./core/tokens.js";
import { NatterError } from "./errors.js";
import type { Http } from "./http.js";
import type { SignedInAnswer } from "./protocol.js";
import type { Store } from "./store.js";

/** With a second try within a second, so that both fall into the ten seconds of grace. */
const REFRESH_TIMEOUT_MS = 4000;

interface Waiter {
  resolve(token: string): void;
  reject(error: NatterError): void;
}

/** Gives access tokens to calls; refreshes them under a lock of all tabs. */
export class TokenKeeper {
  readonly #http: Http;
  readonly #store: Store;
  readonly #onSaved: () => void;
  readonly #onSignedOut: () => void;
  readonly #tokens: Tokens;
  readonly #waiters = new Map<string, Waiter>();
  #count = 0;
  #unlock: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: { http: Http; store: Store; tokens: TokenPair | null; onSaved(): void; onSignedOut(): void }) {
    this.#http = parts.http;
    this.#store = parts.store;
    this.#onSaved = parts.onSaved;
    this.#onSignedOut = parts.onSignedOut;
    this.#tokens = new Tokens({ tokens: parts.tokens });
  }

  /** An access token; another one than `rejected`, which was answered 401. */
  token(rejected?: string): Promise<string> {
    const id = String(++this.#count);
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.#step(rejected === undefined ? { type: "need", id } : { type: "rejected", id, access_token: rejected });
    });
  }

  /** Another tab has changed what is stored. */
  async changed(): Promise<void> {
    this.#step({ type: "changed", tokens: await this.#stored() });
  }

  async #stored(): Promise<TokenPair | null> {
    return (await this.#store.account())?.tokens ?? null;
  }

  #step(input: TokensInput | { type: "wake" }): void {
    const effects = this.#tokens.step(Date.now(), input, Math.random);
    const at = this.#tokens.wake();
    if (at !== undefined) setTimeout(() => this.#step({ type: "wake" }), Math.max(1, at - Date.now()));
    // One after the other: what is saved is saved before the lock is given back.
    for (const effect of effects) this.#work = this.#work.then(() => this.#carryOut(effect));
  }

  async #carryOut(effect: TokensEffect): Promise<void> {
    switch (effect.type) {
      case "use":
        return this.#take(effect.id)?.resolve(effect.access_token);
      case "unavailable":
        return this.#take(effect.id)?.reject(
          new NatterError("unavailable", "the session could not be refreshed", {
            retry_after_ms: effect.retry_after_ms,
          }),
        );
      case "refused":
        return this.#take(effect.id)?.reject(new NatterError("signed_out", "nobody is signed in", { status: 401 }));
      case "lock":
        return this.#lock();
      case "unlock":
        this.#unlock?.();
        this.#unlock = undefined;
        return;
      case "refresh":
        void this.#refresh(effect.refresh_token);
        return;
      case "save":
        return this.#save(effect.tokens);
      case "signed_out":
        await this.#save(null);
        return this.#onSignedOut();
    }
  }

  #take(id: string): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    return waiter;
  }

  #lock(): void {
    const locked = async () => this.#step({ type: "locked", tokens: await this.#stored() });
    const held = new Promise<void>((resolve) => {
      this.#unlock = resolve;
    });
    if (this.#store.shared === undefined || !globalThis.navigator?.locks) void locked();
    else {
      void navigator.locks.request(`${this.#store.shared}:tokens`, async () => {
        await locked();
        await held;
      });
    }
  }

  async #refresh(refresh_token: string): Promise<void> {
    const answer = await this.#http.ask(
      "POST",
      "/v1/sessions/refresh",
      { refresh_token },
      { timeout_ms: REFRESH_TIMEOUT_MS },
    );
    if (answer.status !== 200) {
      const { status, retry_after_ms } = answer;
      return this.#step({
        type: "refresh_failed",
        status,
        ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
      });
    }
    this.#step({ type: "refreshed", tokens: tokensOf(answer.body as SignedInAnswer) });
  }

  async #save(tokens: TokenPair | null): Promise<void> {
    const account = await this.#store.account();
    if (account) await this.#store.setAccount({ ...account, tokens });
    this.#onSaved();
  }
}

/** Of an answer to signing in or refreshing. */
export function tokensOf(answer: SignedInAnswer): TokenPair {
  return {
    access_token: answer.access_token,
    refresh_token: answer.refresh_token ?? "",
    expires_at: Date.now() + answer.expires_in * 1000,
  };
}
