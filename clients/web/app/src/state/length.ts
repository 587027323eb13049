import type { Conversation } from "@natter/client";

/** Of a conversation in which much is said, and that nobody reads further up, about so many events are held. */
const MOST = 1000;
const LEAST = 500;

/** Lets go of what is far before the end. */
export function shorten(chat: Conversation): void {
  if (chat.snapshot.events.length > MOST) chat.shorten(LEAST);
}
