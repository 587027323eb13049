import type { ShownMessage } from "@natter/client";
import { t } from "../strings/index.js";

/** A message in one line. */
export function previewOf({ content, deleted_at }: Pick<ShownMessage, "content" | "deleted_at">): string {
  if (deleted_at !== undefined || !content) return t.message.deleted;
  if (content.type === "sealed") return t.message.sealed;
  const text = content.text?.replaceAll(/\s+/g, " ").trim();
  return text || t.message.file;
}
