import type { ShownMessage } from "@natter/client";
import { t } from "../strings/index.js";

/** What it says in words; undefined where nobody here can read or change them. */
export function wordsOf(content: ShownMessage["content"]): string | undefined {
  return content && content.type !== "sealed" ? (content.text ?? "") : undefined;
}

/** A message in one line. */
export function previewOf({ content, deleted_at }: Pick<ShownMessage, "content" | "deleted_at">): string {
  if (deleted_at !== undefined || !content) return t.message.deleted;
  if (content.type === "sealed") return t.message.sealed;
  return wordsOf(content)?.replaceAll(/\s+/g, " ").trim() || t.message.file;
}
