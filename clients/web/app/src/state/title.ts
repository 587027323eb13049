import { effect } from "@preact/signals";
import { titleOf } from "../parts/names.js";
import { t } from "../strings/index.js";
import { isMuted } from "./announce.js";
import type { Inbox } from "./inbox.js";
import { route } from "./route.js";

/** Keeps the title of the page: what is open, and in how many conversations something waits. */
export function followTitle(inbox: Inbox): () => void {
  return effect(() => {
    const to = route.value;
    const open = to.to === "conversation" || to.to === "info" ? inbox.of(to.id) : undefined;
    const waiting = inbox.all.value.filter((each) => each.unread > 0 && !isMuted(each.muted_until)).length;
    const page =
      (open && titleOf(open)) ??
      (to.to === "settings" ? t.inbox.settings : to.to === "new" ? t.inbox.start : undefined);
    document.title = t.title(waiting, page);
  });
}
