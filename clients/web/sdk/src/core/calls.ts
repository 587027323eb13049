import type { HttpAnswer } from "./core.js";
import type { Asked } from "./timeline.js";

/** A call that the core wants made, authenticated. */
export interface Call {
  readonly type: "http";
  readonly id: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
}

/** Who waits for the answer. */
export type Waiting =
  | { readonly part: "ticket" | "sync" }
  | { readonly part: "timeline"; readonly conversation_id: string; readonly asked: Asked };

/** HTTP calls that are under way, and whose they are. */
export class Calls {
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  make(waiting: Waiting, method: Call["method"], path: string, body?: object): Call {
    const id = `h${++this.#count}`;
    this.#waiting.set(id, waiting);
    return { type: "http", id, method, path, ...(body ? { body } : {}) };
  }

  /** Asks for a page of a conversation. */
  page(conversation_id: string, asked: Asked, limit: number): Call {
    const query = Object.entries({ ...asked, limit }).map(([name, value]) => `${name}=${value}`);
    const path = `/v1/conversations/${conversation_id}/events?${query.join("&")}`;
    return this.make({ part: "timeline", conversation_id, asked }, "GET", path);
  }

  /** Whose answer it is; nobody's if it comes twice, or too late. */
  take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  /** What comes of these is nobody's any more. */
  forget(part: Waiting["part"]): void {
    for (const [id, waiting] of this.#waiting) if (waiting.part === part) this.#waiting.delete(id);
  }
}

/** Whether a status is a good one. */
export function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether it is a good one with what it is asked for: something between may answer 200, too. */
export function isUsable({ status, body }: HttpAnswer, key: string): boolean {
  return isGood(status) && has(body, key);
}

/** What a part is told of an answer that is not good; a good one without what it was asked for is none, a refusal without a problem document is of something between. */
export function failureOf({ status, body, retry_after_ms }: HttpAnswer): { status: number; retry_after_ms?: number } {
  const between = status && !has(body, "code") ? 503 : status;
  return { status: isGood(status) ? 0 : between, ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
}

function has(body: unknown, key: string): boolean {
  return typeof body === "object" && body !== null && key in body;
}
