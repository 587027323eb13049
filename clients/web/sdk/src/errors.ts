import { RETRYABLE } from "./core/part.js";
import type { ERRORS } from "./protocol.js";

/** Codes of docs/protocol.md, and those of the SDK itself: nobody answered, who is signed in does not count any more, what is not sent yet would be lost, the answer was none of the protocol's. */
export type ErrorCode = keyof typeof ERRORS | "offline" | "signed_out" | "unsent" | "unexpected";

/** What to do about an error. */
export type Advice =
  /** The same again, after `retry_after_ms` where there is one. */
  | "retry"
  /** Sign in, then the same again. */
  | "sign_in"
  /** Something else has to be asked: it stays refused. */
  | "change";

/**
 * What can be refused, or fail.
 *
 * @example
 * ```ts
 * try {
 *   await natter.direct(userId);
 * } catch (error) {
 *   if (error instanceof NatterError && error.advice === "retry") later(error.retry_after_ms ?? 1000);
 *   else throw error;
 * }
 * ```
 */
export class NatterError extends Error {
  override readonly name = "NatterError";
  readonly code: ErrorCode;
  /** Of the answer, 0 if there was none. */
  readonly status: number;
  readonly advice: Advice;
  /** Milliseconds. */
  readonly retry_after_ms: number | undefined;

  constructor(code: ErrorCode, detail: string, more: { status?: number; retry_after_ms?: number } = {}) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.status = more.status ?? 0;
    this.retry_after_ms = more.retry_after_ms;
    this.advice = adviceFor(code);
  }
}

/** What to do about a code, as in `error` of a message that was refused. */
export function adviceFor(code: string): Advice {
  if (["unauthenticated", "bad_token", "signed_out"].includes(code)) return "sign_in";
  return code === "offline" || RETRYABLE.has(code) ? "retry" : "change";
}
