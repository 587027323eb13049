import type { MissedAnswer, RemovedAnswer, SyncAnswer, SyncBody } from "../protocol.js";
import { backoff, type Part, type Random, type Wake } from "./part.js";

const LIMIT = 50;

export type Positions = SyncBody["positions"];
/** What a sync says of one conversation. */
export type SyncEntry = MissedAnswer | RemovedAnswer;

export type SyncInput =
  | { readonly type: "start"; readonly positions: Positions }
  | { readonly type: "answer"; readonly answer: SyncAnswer }
  | { readonly type: "failed"; readonly status: number; readonly retry_after_ms?: number }
  | { readonly type: "stop" };

export type SyncEffect =
  | { readonly type: "request"; readonly body: SyncBody }
  | { readonly type: "apply"; readonly conversations: SyncEntry[] }
  | { readonly type: "done" };

export interface SyncView {
  readonly running: boolean;
}

/** The pages of one sync: the same positions with each, and again what fails. */
export class Sync implements Part<SyncInput, SyncEffect, SyncView> {
  #body: SyncBody | undefined;
  #next: Positions | undefined;
  #retryAt: number | undefined;
  #failures = 0;
  /** How often a cursor was not taken. */
  #restarts = 0;

  step(at: number, input: SyncInput | Wake, random: Random): SyncEffect[] {
    if (input.type === "start") {
      if (this.#body === undefined) return this.#begin(input.positions);
      this.#next = input.positions;
      return [];
    }
    if (this.#body === undefined) return [];
    switch (input.type) {
      case "answer":
        return this.#answered(this.#body, input.answer);
      case "failed":
        if (input.status === 400 && this.#body.cursor !== undefined)
          return this.#anew(at, this.#body.positions, random);
        this.#retryAt = at + backoff(random, this.#failures++, input.retry_after_ms);
        return [];
      case "stop":
        this.#body = this.#next = this.#retryAt = undefined;
        return [];
      case "wake":
        if (this.#retryAt === undefined || at < this.#retryAt) return [];
        this.#retryAt = undefined;
        return [{ type: "request", body: this.#body }];
    }
  }

  wake(): number | undefined {
    return this.#retryAt;
  }

  view(): SyncView {
    return { running: this.#body !== undefined };
  }

  #begin(positions: Positions): SyncEffect[] {
    this.#failures = this.#restarts = 0;
    return this.#request({ positions, limit: LIMIT });
  }

  /** From the beginning: at once the first time only. */
  #anew(at: number, positions: Positions, random: Random): SyncEffect[] {
    this.#body = { positions, limit: LIMIT };
    if (this.#restarts++ === 0) return this.#request(this.#body);
    this.#retryAt = at + backoff(random, this.#restarts - 1);
    return [];
  }

  #request(body: SyncBody): SyncEffect[] {
    this.#body = body;
    return [{ type: "request", body }];
  }

  #answered(body: SyncBody, answer: SyncAnswer): SyncEffect[] {
    this.#failures = 0;
    const apply: SyncEffect = { type: "apply", conversations: answer.conversations };
    if (answer.next_cursor !== undefined) return [apply, ...this.#request({ ...body, cursor: answer.next_cursor })];
    const next = this.#next;
    this.#body = this.#next = undefined;
    return next === undefined ? [apply, { type: "done" }] : [apply, ...this.#begin(next)];
  }
}
