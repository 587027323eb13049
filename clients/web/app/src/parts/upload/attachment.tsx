import type { Message } from "@natter/client";
import { t } from "../../strings/index.js";

type AttachmentContent = Extract<NonNullable<Message["content"]>, { type: "attachment" }>;

/** A file in a message; its text is shown by the message. */
export default function Attachment(_: { readonly conversationId: string; readonly content: AttachmentContent }) {
  return <span>{t.message.file}</span>;
}
