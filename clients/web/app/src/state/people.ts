import type { Natter, ProfileAnswer } from "@natter/client";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { keep, keptJson } from "./storage.js";

/** What is known of somebody: null, that nobody may see them (gone, or across a block). */
export type Person = Pick<ProfileAnswer, "user_id" | "display_name"> & Partial<ProfileAnswer>;

const AT_ONCE = 3;
const KEPT = 1000;
const KEY = "u.people";

/** Names, as they were last heard; asked for where they are not known. */
export class People {
  readonly #natter: Pick<Natter, "call">;
  readonly #people = new Map<string, Signal<Person | null | undefined>>();
  readonly #queue: string[] = [];
  #asking = 0;

  constructor(natter: Pick<Natter, "call">) {
    this.#natter = natter;
    for (const person of keptJson(KEY, isPeople) ?? []) this.#signal(person.user_id).value = person;
  }

  /** Who it is; undefined until it is known. */
  of(userId: string): ReadonlySignal<Person | null | undefined> {
    const there = this.#people.get(userId);
    if (there) return there;
    this.#queue.push(userId);
    void this.#ask();
    return this.#signal(userId);
  }

  /** Somebody was seen in an answer. */
  learn(people: readonly Person[]): void {
    let isNew = false;
    for (const person of people) {
      const known = this.#signal(person.user_id);
      if (known.peek()?.display_name !== person.display_name || person.avatar !== undefined) {
        known.value = { ...known.peek(), ...person };
        isNew = true;
      }
    }
    if (isNew) this.#keep();
  }

  /** They have erased their account: their name is kept nowhere any more. */
  forget(userId: string): void {
    this.#signal(userId).value = null;
    this.#keep();
  }

  #signal(userId: string): Signal<Person | null | undefined> {
    const there = this.#people.get(userId) ?? signal(undefined);
    this.#people.set(userId, there);
    return there;
  }

  async #ask(): Promise<void> {
    if (this.#asking >= AT_ONCE) return;
    this.#asking += 1;
    for (let id = this.#queue.shift(); id !== undefined; id = this.#queue.shift()) {
      const known = this.#signal(id);
      if (known.peek() !== undefined) continue;
      try {
        this.learn([(await this.#natter.call("GET", `/v1/users/${id}`)) as ProfileAnswer]);
      } catch (error) {
        if ((error as { code?: string }).code === "not_found") known.value = null;
        else this.#people.delete(id); // asked for again when it is shown again
      }
    }
    this.#asking -= 1;
  }

  #keep(): void {
    const known = [...this.#people.values()].flatMap((each) => each.peek() ?? []);
    keep(KEY, JSON.stringify(known.slice(-KEPT)));
  }
}

function isPeople(value: unknown): value is Person[] {
  return Array.isArray(value) && value.every((each: Partial<Person> | null) => typeof each?.user_id === "string");
}
