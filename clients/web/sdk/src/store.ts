import { type Change, Kept, type Stored } from "./core/changes.js";
import type { TokenPair } from "./core/tokens.js";

/** Who is signed in here. */
export interface Account {
  readonly user_id: string;
  readonly device_id: string;
  /** Null: the session ended; what was not sent is still there. */
  readonly tokens: TokenPair | null;
}

/** Another tab leads since: what this one wanted to store is not. */
export class StaleLeader extends Error {}

/**
 * Where a client keeps what it knows. What was written is there after a crash, and all of one `write` or nothing.
 */
export interface Store {
  /** What several tabs or processes with this store call it by; undefined: it is of this one alone. */
  readonly shared: string | undefined;
  load(): Promise<Stored>;
  /**
   * Carries out changes in one transaction.
   *
   * @param epoch of who leads
   * @throws StaleLeader it is not the newest
   */
  write(changes: readonly Change[], epoch?: number): Promise<void>;
  /** Begins to lead: the new epoch. */
  lead(): Promise<number>;
  account(): Promise<Account | undefined>;
  setAccount(account: Account): Promise<void>;
  /** Forgets everything; who leads leads no more. */
  clear(): Promise<void>;
  close(): void;
}

/**
 * Keeps everything in memory: what is not sent is lost with the process.
 *
 * @example
 * ```ts
 * const natter = await Natter.signIn({ url, store: new MemoryStore() }, { username, password });
 * ```
 */
export class MemoryStore implements Store {
  readonly shared = undefined;
  #kept = new Kept();
  #account: Account | undefined;

  async load(): Promise<Stored> {
    return this.#kept.stored();
  }

  async write(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#kept.apply(change);
  }

  async lead(): Promise<number> {
    return 1;
  }

  async account(): Promise<Account | undefined> {
    return this.#account;
  }

  async setAccount(account: Account): Promise<void> {
    this.#account = account;
  }

  async clear(): Promise<void> {
    this.#kept = new Kept();
    this.#account = undefined;
  }

  close(): void {}
}
