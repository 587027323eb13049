import { signal } from "@preact/signals";
import { titleOf } from "../parts/names.js";
import { previewOf } from "../parts/preview.js";
import { t } from "../strings/index.js";
import { route } from "./route.js";
import type { Session } from "./session.js";

/** What screen readers are told: so much at once that nobody is flooded, and nothing twice. */

const BATCH_MS = 1000;
const ONE_BY_ONE = 2;
const KEPT = 3;

export interface Said {
  readonly id: number;
  readonly text: string;
}

export const polite = signal<readonly Said[]>([]);
export const assertive = signal<readonly Said[]>([]);
let count = 0;

/** Says it when whatever is being read is over. */
export function announce(text: string): void {
  polite.value = [...polite.peek(), { id: ++count, text }].slice(-KEPT);
}

/** Says it now: something went wrong. */
export function alert(text: string): void {
  assertive.value = [{ id: ++count, text }];
}

/** Announces what others say, while it is said: here in their words, elsewhere by its number. What returns ends it. */
export function announceMessages({ natter, me, inbox, people }: Session): () => void {
  let here: string[] = [];
  let where = "";
  let elsewhere = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (here.length > ONE_BY_ONE) announce(t.announce.several(here.length, where));
    else for (const text of here) announce(text);
    if (elsewhere > 0) announce(t.announce.elsewhere(elsewhere));
    here = [];
    elsewhere = 0;
  };
  const offs = [
    natter.on("message", ({ conversation_id, message, live }) => {
      if (!live || message.sender_id === me) return;
      const to = route.peek();
      const summary = inbox.of(conversation_id);
      if (to.to === "conversation" && to.id === conversation_id) {
        where = summary ? titleOf(summary) : "";
        const name = people.of(message.sender_id).peek()?.display_name ?? "";
        here.push(t.announce.message(name, previewOf(message)));
      } else if (summary && !isMuted(summary.muted_until)) elsewhere += 1;
      timer ??= setTimeout(flush, BATCH_MS);
    }),
    natter.on("refused", () => alert(t.announce.failed)),
  ];
  return () => {
    clearTimeout(timer);
    polite.value = assertive.value = [];
    for (const off of offs) off();
  };
}

/** Whether a conversation is muted now. */
export function isMuted(until: number | undefined): boolean {
  return until !== undefined && until > Date.now();
}
