/** What this page is made of, so that the service worker has it when there is no network. */
export async function keepApp(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  active?.postMessage({ keep: [location.origin, `${location.origin}/config.json`, ...loaded] });
}
