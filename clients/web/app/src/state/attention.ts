import { signal } from "@preact/signals";

/** Whether somebody looks at this page: what is shown then counts as read. */
export const isLookedAt = signal(looks());

function looks(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

for (const name of ["focus", "blur"]) {
  globalThis.addEventListener(name, () => {
    isLookedAt.value = looks();
  });
}
document.addEventListener("visibilitychange", () => {
  isLookedAt.value = looks();
});
