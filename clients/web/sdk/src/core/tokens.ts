import { jitter, type Part, type Random, type Wake } from "./part.js";

/** A token is not used any more so shortly before its end: the call takes time, too. */
const EARLY_MS = 30_000;
/** A second try with the same refresh token has to fall into its 10 s of grace, with the first one's time-out. */
const AGAIN_WITHIN_MS = 1000;
const LATER_MS = 1000;

export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token: string;
  /** When the access token ends, in milliseconds since the epoch. */
  readonly expires_at: number;
}

export type TokensInput =
  | { readonly type: "need"; readonly id: string }
  | { readonly type: "rejected"; readonly id: string; readonly access_token: string }
  | { readonly type: "locked" | "changed"; readonly tokens: TokenPair | null }
  | { readonly type: "refreshed"; readonly tokens: TokenPair }
  | { readonly type: "refresh_failed"; readonly status: number; readonly retry_after_ms?: number };

export type TokensEffect =
  | { readonly type: "use"; readonly id: string; readonly access_token: string }
  | { readonly type: "unavailable"; readonly id: string; readonly retry_after_ms: number }
  | { readonly type: "refused"; readonly id: string }
  | { readonly type: "lock" | "unlock" | "signed_out" }
  | { readonly type: "refresh"; readonly refresh_token: string }
  | { readonly type: "save"; readonly tokens: TokenPair };

export interface TokensView {
  readonly tokens: TokenPair | null;
  readonly waiting: string[];
}

type Phase = "idle" | "locking" | "refreshing" | "refreshing_again";

/** Access and refresh token, where several tabs share them: only who has the lock refreshes. */
export class Tokens implements Part<TokensInput, TokensEffect, TokensView> {
  #tokens: TokenPair | null;
  #waiting: string[] = [];
  #phase: Phase = "idle";
  /** The refresh token that was there when the lock was asked for. */
  #stale: string | undefined;
  #againAt: number | undefined;

  constructor(start: { tokens: TokenPair | null }) {
    this.#tokens = start.tokens;
  }

  step(at: number, input: TokensInput | Wake, random: Random): TokensEffect[] {
    switch (input.type) {
      case "need":
        return this.#need(at, input.id);
      case "rejected":
        if (input.access_token !== this.#tokens?.access_token) return this.#need(at, input.id);
        return this.#wait(input.id);
      case "locked":
        return this.#phase === "locking" ? this.#locked(at, input.tokens) : [{ type: "unlock" }];
      case "changed":
        if (input.tokens === null) return this.#tokens === null ? [] : this.#signedOut();
        this.#tokens = input.tokens;
        return [];
      case "refreshed":
        if (!this.#isRefreshing()) return [];
        this.#tokens = input.tokens;
        return [{ type: "save", tokens: input.tokens }, ...this.#over((id) => use(id, input.tokens))];
      case "refresh_failed":
        return this.#isRefreshing() ? this.#failed(at, input.status, input.retry_after_ms, random) : [];
      case "wake":
        if (this.#againAt === undefined || at < this.#againAt) return [];
        this.#againAt = undefined;
        return this.#refresh("refreshing_again");
    }
  }

  wake(): number | undefined {
    return this.#againAt;
  }

  view(): TokensView {
    return { tokens: this.#tokens, waiting: [...this.#waiting] };
  }

  #need(at: number, id: string): TokensEffect[] {
    if (this.#tokens === null) return [{ type: "refused", id }];
    if (this.#phase === "idle" && isFresh(this.#tokens, at)) return [use(id, this.#tokens)];
    return this.#wait(id);
  }

  #wait(id: string): TokensEffect[] {
    this.#waiting.push(id);
    if (this.#phase !== "idle") return [];
    this.#phase = "locking";
    this.#stale = this.#tokens?.refresh_token;
    return [{ type: "lock" }];
  }

  #locked(at: number, stored: TokenPair | null): TokensEffect[] {
    this.#tokens = stored;
    if (stored === null) return [{ type: "unlock" }, ...this.#signedOut()];
    if (stored.refresh_token !== this.#stale && isFresh(stored, at)) return this.#over((id) => use(id, stored));
    return this.#refresh("refreshing");
  }

  #refresh(phase: Phase): TokensEffect[] {
    this.#phase = phase;
    return this.#tokens === null ? [] : [{ type: "refresh", refresh_token: this.#tokens.refresh_token }];
  }

  #failed(at: number, status: number, retryAfter: number | undefined, random: Random): TokensEffect[] {
    if (status === 0 && this.#phase === "refreshing") {
      this.#againAt = at + jitter(random, AGAIN_WITHIN_MS);
      return [];
    }
    if (status === 0 || status === 429 || status >= 500) {
      return this.#over((id) => ({ type: "unavailable", id, retry_after_ms: retryAfter ?? LATER_MS }));
    }
    return this.#signedOut();
  }

  /** The lock is given back, and whoever waits is answered. */
  #over(answer: (id: string) => TokensEffect): TokensEffect[] {
    const answers = this.#waiting.map(answer);
    this.#waiting = [];
    this.#phase = "idle";
    return [{ type: "unlock" }, ...answers];
  }

  #signedOut(): TokensEffect[] {
    const held = this.#isRefreshing();
    const [unlock, ...refused] = this.#over((id) => ({ type: "refused", id }));
    this.#tokens = null;
    this.#againAt = undefined;
    return [...(held && unlock ? [unlock] : []), { type: "signed_out" }, ...refused];
  }

  #isRefreshing(): boolean {
    return this.#phase === "refreshing" || this.#phase === "refreshing_again";
  }
}

function isFresh(tokens: TokenPair, at: number): boolean {
  return at < tokens.expires_at - EARLY_MS;
}

function use(id: string, tokens: TokenPair): TokensEffect {
  return { type: "use", id, access_token: tokens.access_token };
}
