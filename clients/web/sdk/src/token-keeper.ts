import { failureOf, isUsable } from "./core/calls.js";
import { type TokenPair, Tokens, type TokensEffect, type TokensInput } from "./core/tokens.js";
import { unref } from "./driver.js";
import { NatterError } from "./errors.js";
import type { Http } from "./http.js";
import type { SignedInAnswer } from "./protocol.js";
import type { Store } from "./store.js";

/** With a second try within a second, so that both fall into the ten seconds of grace. */
const REFRESH_TIMEOUT_MS = 4000;
/** When tokens that could not be stored are stored again. */
const SAVE_AGAIN_MS = 5000;

interface Waiter {
  resolve(token: string): void;
  reject(error: NatterError): void;
}

export interface TokenKeeperParts {
  readonly me: string;
  readonly http: Http;
  readonly store: Store;
  readonly tokens: TokenPair | null;
  onSaved(): void;
  onSignedOut(): void;
  /** The store does not take them: they are known in this process only, until it does. */
  onUnkept(error: unknown): void;
}

/** Gives access tokens to calls; refreshes them under a lock of all tabs. */
export class TokenKeeper {
  readonly #parts: TokenKeeperParts;
  readonly #tokens: Tokens;
  readonly #waiters = new Map<string, Waiter>();
  #count = 0;
  #unlock: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  /** What could not be stored. */
  #unsaved: TokenPair | null | undefined;

  constructor(parts: TokenKeeperParts) {
    this.#parts = parts;
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

  /** Another tab may have changed what is stored. Whether one is signed in. */
  async changed(): Promise<boolean> {
    const tokens = await this.#stored();
    this.#step({ type: "changed", tokens });
    return tokens !== null;
  }

  /** What is stored of who is signed in here; somebody else's tokens are none. */
  async #stored(): Promise<TokenPair | null> {
    if (this.#unsaved !== undefined) return this.#unsaved;
    try {
      const account = await this.#parts.store.account();
      const stored = account?.user_id === this.#parts.me ? account.tokens : null;
      return (stored?.refresh_token === "" && this.#tokens.view().tokens) || stored;
    } catch (error) {
      this.#parts.onUnkept(error);
      return this.#tokens.view().tokens;
    }
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
          new NatterError("unavailable", "not refreshed", {
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
        return this.#parts.onSignedOut();
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
    const { shared } = this.#parts.store;
    if (shared === undefined || !globalThis.navigator?.locks) void locked();
    else {
      void navigator.locks.request(`${shared}:tokens`, async () => {
        await locked();
        await held;
      });
    }
  }

  async #refresh(refresh_token: string): Promise<void> {
    const answer = await this.#parts.http.ask(
      "POST",
      "/v1/sessions/refresh",
      refresh_token ? { refresh_token } : {}, // the cookie
      { timeout_ms: REFRESH_TIMEOUT_MS },
    );
    if (!isUsable(answer, "access_token")) {
      return this.#step({ type: "refresh_failed", ...failureOf(answer) });
    }
    this.#step({ type: "refreshed", tokens: tokensOf(answer.body as SignedInAnswer) });
  }

  async #save(tokens: TokenPair | null): Promise<void> {
    const { me, store } = this.#parts;
    try {
      const account = await store.account();
      if (account?.user_id === me) await store.setAccount({ ...account, tokens: keepable(tokens) });
      this.#unsaved = undefined;
    } catch (error) {
      this.#unsaved = tokens;
      this.#parts.onUnkept(error);
      unref(setTimeout(() => this.#saveAgain(), SAVE_AGAIN_MS));
      return;
    }
    this.#parts.onSaved();
  }

  #saveAgain(): void {
    this.#work = this.#work.then(async () => {
      if (this.#unsaved !== undefined) await this.#save(this.#unsaved);
    });
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

/** What of tokens is stored: with the refresh token in a cookie, no more than that there are some. */
export function keepable<Tokens extends TokenPair | null>(tokens: Tokens): Tokens | TokenPair {
  return tokens?.refresh_token === "" ? { ...tokens, access_token: "", expires_at: 0 } : tokens;
}
