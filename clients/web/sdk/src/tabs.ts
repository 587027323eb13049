import type { CoreInput } from "./core/core.js";
import { type Delta, unref } from "./driver.js";

/** A tab that is looked at waits so long for one that leads and does not answer: it may be frozen. */
const PATIENCE_MS = 3000;
/** When a tab asks again to lead, after it could not, or another one took over. */
const AGAIN_MS = 1000;

/** What tabs with one store tell each other. */
export type Word =
  | { readonly is: "command"; readonly input: CoreInput }
  | { readonly is: "deltas"; readonly deltas: readonly Delta[] }
  | { readonly is: "tokens" | "who" | "here" | "leading" | "bye" };

export interface TabsParts {
  /** Of the store; undefined: there are no others. */
  readonly shared: string | undefined;
  /** Who is signed in: tabs of somebody else, who was before, are none of these. */
  readonly userId: string;
  /** How long who leads may take to answer; only tests have less time than people. */
  readonly patience_ms?: number;
  /** This tab leads from now on, until what it returns is called. */
  onLead(): Promise<() => void>;
  /** It could not begin to; it is asked to again. */
  onFailed(error: unknown): void;
  onWord(word: Word): void;
}

/** Which of several tabs leads, and what they tell each other. */
export class Tabs {
  readonly #parts: TabsParts;
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;
  readonly #leave = new AbortController();
  #resign: (() => void) | undefined;
  /** It has been let, and may not have begun yet. */
  #leads = false;
  #impatient: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: TabsParts) {
    this.#parts = parts;
    this.#name = `${parts.shared}:${parts.userId}`;
    if (parts.shared === undefined || !globalThis.BroadcastChannel) return;
    this.#channel = new BroadcastChannel(`${this.#name}:tabs`);
    unref(this.#channel);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
  }

  get isLeading(): boolean {
    return this.#leads;
  }

  /** Leads as soon as nobody else does; where there are no locks, at once: each tab has a socket of its own then. */
  join(): void {
    this.#queue({ signal: this.#leave.signal });
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
      if (globalThis.navigator?.locks && !this.isLeading) this.#queue({ steal: true });
    }, this.#parts.patience_ms ?? PATIENCE_MS);
    unref(this.#impatient);
  }

  /** Lets another tab lead. */
  leave(): void {
    this.#leave.abort();
    clearTimeout(this.#again);
    this.#trust();
    this.resign();
    this.#channel?.close();
  }

  /** Stops leading, without a word of the others. */
  resign(): void {
    this.#leads = false;
    this.#resign?.();
    this.#resign = undefined;
  }

  #hear(word: Word): void {
    if (word.is === "who" && this.isLeading) this.say({ is: "here" });
    if (word.is === "here" || word.is === "leading") this.#trust();
    this.#parts.onWord(word);
  }

  #trust(): void {
    clearTimeout(this.#impatient);
    this.#impatient = undefined;
  }

  /** However leading ends (somebody has stolen it, or it could not begin), this tab asks to lead again. */
  #queue(options: LockOptions): void {
    const locks = this.#channel && globalThis.navigator?.locks;
    const led = locks ? locks.request(`${this.#name}:leader`, options, () => this.#lead()) : this.#lead();
    const over = () => {
      this.resign();
      if (this.#leave.signal.aborted) return;
      this.#again = setTimeout(() => this.join(), AGAIN_MS);
      unref(this.#again);
    };
    led.then(over, over);
  }

  async #lead(): Promise<void> {
    if (this.#leave.signal.aborted) return;
    this.#leads = true;
    this.#trust();
    const stop = await this.#parts.onLead().catch(this.#parts.onFailed);
    if (!stop || !this.#leads) return stop?.();
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

/** Has the tabs of a user look at the tokens that are stored, from one that is not among them. */
export function tellTokens(shared: string | undefined, userId: string): void {
  const nothing = () => undefined;
  const tabs = new Tabs({ shared, userId, onLead: async () => nothing, onFailed: nothing, onWord: nothing });
  tabs.say({ is: "tokens" });
  tabs.leave();
}
