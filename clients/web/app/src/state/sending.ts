import type { Natter, SendOptions } from "@natter/client";
import { keep, keptJson, keptNames } from "./storage.js";

/** A message that was taken out of the field, and of which nobody knows yet whether it is stored. */
interface Sending {
  readonly conversation_id: string;
  readonly text: string;
  readonly options: SendOptions & { readonly client_id: string };
  readonly at: number;
}

const PREFIX = "u.sending.";
let last = 0;

/**
 * Sends it. What is not stored when the page goes away is kept beside the drafts until the next page has sent it again:
 * under the same `client_id`, so that it is there once.
 *
 * @throws DOMException it could not be stored
 */
export async function send(natter: Natter, conversation_id: string, text: string, options: SendOptions): Promise<void> {
  last = Math.max(last + 1, Date.now());
  const client_id = crypto.randomUUID();
  const sending = { conversation_id, text, options: { ...options, client_id }, at: last };
  keep(PREFIX + client_id, JSON.stringify(sending));
  try {
    await store(natter, sending);
  } catch (error) {
    keep(PREFIX + client_id, undefined); // it is a draft again
    throw error;
  }
}

/** What a page that went away was about to send, in the order in which it was written. */
export async function sendAgain(natter: Natter): Promise<void> {
  const left = keptNames(PREFIX).flatMap((name) => keptJson(name, isSending) ?? []);
  for (const each of left.sort((a, b) => a.at - b.at)) await store(natter, each);
}

async function store(natter: Natter, { conversation_id, text, options }: Sending): Promise<void> {
  await natter.conversation(conversation_id).send(text, options);
  keep(PREFIX + options.client_id, undefined);
}

function isSending(value: unknown): value is Sending {
  const { conversation_id, text, options } = (value ?? {}) as Partial<Sending>;
  return typeof conversation_id === "string" && typeof text === "string" && typeof options?.client_id === "string";
}
