import { signal } from "@preact/signals";

/** A part of the app is gone from the server: another version has taken its place. */
export const isOutdated = signal(false);

/** What is written here would be lost by reloading: so people are asked to. */
export function watchForUpdates(): void {
  globalThis.addEventListener("vite:preloadError", () => {
    isOutdated.value = true;
  });
}
