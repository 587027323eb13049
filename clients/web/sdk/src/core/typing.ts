import { earliest, type Part, type Wake } from "./part.js";

const REPEAT_MS = 4000;
const IDLE_MS = 5000;
/** What comes sooner after another frame is not passed on. */
const APART_MS = 2000;
const FORGET_MS = 6000;

export type TypingState = "started" | "stopped";

export type TypingInput =
  | { readonly type: "keystroke" | "cleared" | "opened" | "closed" }
  | { readonly type: "notice"; readonly user_id: string; readonly state: TypingState }
  | { readonly type: "message"; readonly user_id: string };

export type TypingEffect =
  | { readonly type: "send"; readonly state: TypingState }
  | { readonly type: "typing"; readonly user_ids: string[] };

export interface TypingView {
  readonly typing: string[];
}

/** Who types in one conversation, and telling that one does oneself. */
export class Typing implements Part<TypingInput, TypingEffect, TypingView> {
  readonly #me: string;
  readonly #until = new Map<string, number>();
  #open = false;
  #told: TypingState = "stopped";
  #sentAt = Number.NEGATIVE_INFINITY;
  #keyAt = 0;

  constructor(start: { me: string }) {
    this.#me = start.me;
  }

  step(at: number, input: TypingInput | Wake): TypingEffect[] {
    switch (input.type) {
      case "keystroke":
        this.#keyAt = at;
        return this.#tell(at, "started");
      case "cleared":
        return this.#stop(at);
      case "notice":
        if (input.user_id === this.#me) return [];
        return input.state === "started" ? this.#begin(at, input.user_id) : this.#end([input.user_id]);
      case "message":
        return this.#end([input.user_id]);
      case "opened":
        this.#open = true;
        return [];
      case "closed":
        this.#open = false;
        this.#told = "stopped";
        return [];
      case "wake": {
        const idle = this.#told === "started" && at >= this.#keyAt + IDLE_MS;
        const over = [...this.#until].filter(([, until]) => until <= at).map(([user]) => user);
        return [...(idle ? this.#stop(at) : []), ...this.#end(over)];
      }
    }
  }

  wake(): number | undefined {
    return earliest(this.#told === "started" ? this.#keyAt + IDLE_MS : undefined, ...this.#until.values());
  }

  view(): TypingView {
    return { typing: [...this.#until.keys()] };
  }

  #tell(at: number, state: TypingState): TypingEffect[] {
    const apart = this.#told === state ? REPEAT_MS : APART_MS;
    if (!this.#open || at < this.#sentAt + apart) return [];
    this.#told = state;
    this.#sentAt = at;
    return [{ type: "send", state }];
  }

  #stop(at: number): TypingEffect[] {
    const sent = this.#told === "started" ? this.#tell(at, "stopped") : [];
    this.#told = "stopped";
    return sent;
  }

  #begin(at: number, user: string): TypingEffect[] {
    const known = this.#until.has(user);
    this.#until.set(user, at + FORGET_MS);
    return known ? [] : [this.#changed()];
  }

  #end(users: string[]): TypingEffect[] {
    const ended = users.filter((user) => this.#until.delete(user));
    return ended.length > 0 ? [this.#changed()] : [];
  }

  #changed(): TypingEffect {
    return { type: "typing", user_ids: [...this.#until.keys()] };
  }
}
