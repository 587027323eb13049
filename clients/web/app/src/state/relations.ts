import type { ProfileAnswer } from "@natter/client";
import { type Signal, signal } from "@preact/signals";
import { pagesOf } from "./pages.js";
import type { Session } from "./session.js";

export type Relation = "contacts" | "blocks";

const MOST_PAGES = 20;

/** One's contacts, or whom one has blocked. */
export class Relations {
  readonly #session: Pick<Session, "natter" | "people">;
  readonly #path: string;
  /** Undefined until the server has said. */
  readonly all: Signal<readonly ProfileAnswer[] | undefined> = signal(undefined);

  constructor(session: Pick<Session, "natter" | "people">, relation: Relation) {
    this.#session = session;
    this.#path = `/v1/${relation}`;
  }

  /** @throws NatterError they could not be had */
  async load(): Promise<void> {
    const found: ProfileAnswer[] = [];
    const pages = pagesOf<ProfileAnswer>(this.#session.natter, this.#path, { limit: 200, most: MOST_PAGES });
    for await (const page of pages) found.push(...page);
    this.#session.people.learn(found);
    this.all.value = found;
  }

  has(userId: string): boolean {
    return this.all.value?.some((each) => each.user_id === userId) ?? false;
  }

  /** @throws NatterError it was refused */
  async add(person: ProfileAnswer): Promise<void> {
    await this.#session.natter.call("PUT", `${this.#path}/${person.user_id}`);
    if (!this.has(person.user_id)) this.all.value = [...(this.all.peek() ?? []), person];
  }

  /** @throws NatterError it was refused */
  async remove(userId: string): Promise<void> {
    await this.#session.natter.call("DELETE", `${this.#path}/${userId}`);
    this.all.value = this.all.peek()?.filter((each) => each.user_id !== userId);
  }
}
