import type { Natter } from "@natter/client";
import { signal } from "@preact/signals";
import { keep, kept } from "./storage.js";

/** When nobody has looked for so long at any tab, one is away. */
const AWAY_MS = 120_000;
const LOOK_EVERY_MS = 30_000;
const KEY = "looked";

/** Whether somebody looks at this page: what is shown then counts as read. */
export const isLookedAt = signal(looks());

function looks(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Looks again: the browser tells of most of what changes. */
export function look(): void {
  isLookedAt.value = looks();
}

for (const name of ["focus", "blur"]) globalThis.addEventListener(name, look);
document.addEventListener("visibilitychange", look);

/** Tells others whether somebody is here; tabs of one browser know of each other by what they keep. */
export function followStatus(natter: Pick<Natter, "setStatus">): () => void {
  const tell = () => {
    if (document.visibilityState === "visible") {
      keep(KEY, String(Date.now()));
      natter.setStatus("online");
    } else if (Date.now() - Number(kept(KEY) ?? 0) > AWAY_MS) natter.setStatus("away");
  };
  tell();
  const timer = setInterval(tell, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", tell);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tell);
  };
}
