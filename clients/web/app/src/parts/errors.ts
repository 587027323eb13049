import { NatterError } from "@natter/client";
import { t } from "../strings/index.js";

/** What to tell people of an error. */
export function errorText(error: unknown): string {
  if (!(error instanceof NatterError)) return t.errors.unexpected;
  return codeText(error.code, error.message.replace(/^[a-z_]+: /, ""));
}

/** The same of a code, as in what was refused. */
export function codeText(code: string, detail = ""): string {
  if (code === "bad_request") return t.errors.bad_request(detail);
  if (code === "internal") return t.errors.unavailable;
  const text = Object.hasOwn(t.errors, code) ? t.errors[code as keyof typeof t.errors] : undefined;
  return typeof text === "string" ? text : t.errors.unexpected;
}
