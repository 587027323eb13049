import type { CoreInput } from "./core/core.js";
import { type Delta, unref } from "./driver.js";

/** A tab that is looked at waits so long for one that leads and does not answer: it may be frozen. */
const PATIENCE_MS = 3000;

/** What tabs with one store tell each other. */
export type Word =
  | { readonly is: "command"; readonly input: CoreInput }
  | { readonly is: "deltas"; readonly deltas: readonly Delta[] }
  | { readonly is: "tokens" | "who" | "here" | "leading" | "bye" };

export interface TabsParts {
  /** Of the store; undefined: there are no others. */
  readonly shared: string | undefined;
  /** How long who leads may take to answer; only tests have less time than people. */
  readonly patience_ms?: number;
  /** This tab leads from now on, until what it returns is called. */
  onLead(): Promise<() => void>;
  onWord(word: Word): void;
}

/** Which of several tabs leads, and what they tell each other. */
export class Tabs {
  readonly #parts: TabsParts;
  readonly #channel: BroadcastChannel | undefined;
  readonly #leave = new AbortController();
  #resign: (() => void) | undefined;
  #impatient: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: TabsParts) {
    this.#parts = parts;
    if (parts.shared === undefined || !globalThis.BroadcastChannel) return;
    this.#channel = new BroadcastChannel(`${parts.shared}:tabs`);
    unref(this.#channel);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
  }

  get isLeading(): boolean {
    return this.#resign !== undefined;
  }

  /** Leads as soon as nobody else does; where there are no locks, at once: each tab has a socket of its own then. */
  join(): void {
    if (!this.#channel || !globalThis.navigator?.locks) void this.#lead();
    else this.#queue({ signal: this.#leave.signal });
  }

  /** To the other tabs. */
  say(word: Word): void {
    this.#channel?.postMessage(word);
  }

  /** Takes over if who leads does not answer: it may be frozen. */
  doubt(): void {
    if (this.isLeading || this.#impatient !== undefined || !this.#channel) return;
    this.say({ is: "who" });
    this.#impatient = setTimeout(() => {
      this.#impatient = undefined;
      if (globalThis.navigator?.locks) this.#queue({ steal: true });
    }, this.#parts.patience_ms ?? PATIENCE_MS);
    unref(this.#impatient);
  }

  /** Lets another tab lead. */
  leave(): void {
    this.#leave.abort();
    clearTimeout(this.#impatient);
    this.resign();
    this.#channel?.close();
  }

  /** Stops leading, without a word of the others. */
  resign(): void {
    this.#resign?.();
    this.#resign = undefined;
  }

  #hear(word: Word): void {
    if (word.is === "who" && this.isLeading) this.say({ is: "here" });
    if (word.is === "here" || word.is === "leading") {
      clearTimeout(this.#impatient);
      this.#impatient = undefined;
    }
    this.#parts.onWord(word);
  }

  #queue(options: LockOptions): void {
    navigator.locks
      .request(`${this.#parts.shared}:leader`, options, () => this.#lead())
      // Somebody has stolen it, or this tab left before it was its turn.
      .catch(() => this.resign());
  }

  async #lead(): Promise<void> {
    const stop = await this.#parts.onLead();
    if (this.#leave.signal.aborted) return stop();
    const over = new Promise<void>((resolve) => {
      this.#resign = () => {
        stop();
        resolve();
      };
    });
    this.say({ is: "leading" });
    await over;
  }
}
