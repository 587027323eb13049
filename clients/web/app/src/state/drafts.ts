import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { keep, keptJson } from "./storage.js";

/** What one has begun to write in a conversation. */
export interface Draft {
  readonly text: string;
  readonly reply_to?: number;
  /** Whom one has picked, by the name that stands in the text. */
  readonly mentions?: Readonly<Record<string, string>>;
}

const drafts = new Map<string, Signal<Draft | undefined>>();

/** The draft of a conversation; reading `.value` follows it. */
export function draftOf(conversationId: string): ReadonlySignal<Draft | undefined> {
  return own(conversationId);
}

/** Keeps it at once, so that it outlives whatever happens to the page; nothing to say is no draft. */
export function setDraft(conversationId: string, draft: Draft | undefined): void {
  const isThere = draft !== undefined && (draft.text.trim() !== "" || draft.reply_to !== undefined);
  own(conversationId).value = isThere ? draft : undefined;
  keep(keyOf(conversationId), isThere ? JSON.stringify(draft) : undefined);
}

/** Forgets what is in memory: somebody else is signed in. */
export function forgetDrafts(): void {
  drafts.clear();
}

function own(conversationId: string): Signal<Draft | undefined> {
  const there = drafts.get(conversationId) ?? signal(keptJson(keyOf(conversationId), isDraft));
  drafts.set(conversationId, there);
  return there;
}

function keyOf(conversationId: string): string {
  return `u.draft.${conversationId}`;
}

function isDraft(value: unknown): value is Draft {
  return typeof (value as Draft | null)?.text === "string";
}
