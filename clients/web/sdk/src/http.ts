import { failureOf, isGood } from "./core/calls.js";
import type { HttpAnswer } from "./core/core.js";
import { type ErrorCode, NatterError } from "./errors.js";
import { ERRORS, type Problem } from "./protocol.js";

const TIMEOUT_MS = 20_000;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One HTTP call, and what came of it; it never throws. */
export class Http {
  readonly #url: string;
  readonly #fetch: typeof fetch;

  constructor(url: string, fetcher: typeof fetch) {
    this.#url = url.replace(/\/$/, "");
    this.#fetch = fetcher;
  }

  async ask(
    method: Method,
    path: string,
    body?: object,
    options: { token?: string; timeout_ms?: number } = {},
  ): Promise<HttpAnswer> {
    // Without it an attachment's address is a redirect, which leaves the API.
    const headers: Record<string, string> = { Accept: "application/json" };
    if (options.token !== undefined) headers.Authorization = `Bearer ${options.token}`;
    if (body) headers["Content-Type"] = "application/json";
    try {
      const response = await this.#fetch(this.#url + path, {
        method,
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(options.timeout_ms ?? TIMEOUT_MS),
      });
      const said = parsed(await response.text());
      const wait = (said as Partial<Problem> | undefined)?.retry_after_ms;
      return {
        status: response.status,
        body: said,
        ...(typeof wait === "number" ? { retry_after_ms: wait } : {}),
      };
    } catch {
      return { status: 0 };
    }
  }
}

/** The body of a good answer. */
export function expectGood(answer: HttpAnswer): unknown {
  const { status, body } = answer;
  if (isGood(status)) return body;
  const more = { ...failureOf(answer), status };
  if (status === 0) throw new NatterError("offline", "no answer", more);
  const { code, detail } = (body ?? {}) as Partial<Problem>;
  throw new NatterError(codeOf(status, code), detail ?? `status ${status}`, more);
}

/** What API Gateway refuses by itself has no code. */
function codeOf(status: number, code: string | undefined): ErrorCode {
  if (code !== undefined && code in ERRORS) return code as ErrorCode;
  if (status === 429) return "rate_limited";
  if (status === 413) return "too_large";
  return status >= 500 ? "unavailable" : "unexpected";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
