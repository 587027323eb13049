/** In the service worker: the app opens without a network, too. What is said is the SDK's to keep; this is the app itself. */

const CACHE = "app";
/** Longer, and what is kept is shown: somebody waits. */
const PATIENCE_MS = 4000;
/** Of all versions that were ever opened here. */
const MOST_ASSETS = 150;
const PAGES = ["/", "/config.json", "/icon.svg", "/manifest.webmanifest"];

export interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

/**
 * `asset`: its name changes when it does, so that what is kept is as good; `page`: what is kept is for when nothing
 * can be had. Everything else, and what comes back from an identity provider, is left to the browser.
 */
export function kindOf({ method, url }: Pick<Request, "method" | "url">, origin: string): "asset" | "page" | undefined {
  const { origin: from, pathname, search } = new URL(url);
  if (method !== "GET" || from !== origin || search !== "") return undefined;
  if (pathname.startsWith("/assets/")) return "asset";
  return PAGES.includes(pathname) ? "page" : undefined;
}

/** Answers what a page asks for, if it is of the app. */
export function serve(event: FetchEvent): void {
  const kind = kindOf(event.request, location.origin);
  if (kind === "asset") event.respondWith(asset(event.request));
  if (kind === "page") event.respondWith(page(event.request));
}

/** A page says what it was made of before there was a service worker. */
export async function keepAssets(urls: unknown): Promise<void> {
  if (!Array.isArray(urls)) return;
  const cache = await caches.open(CACHE);
  const wanted = urls.filter((url) => typeof url === "string" && kindOf({ method: "GET", url }, location.origin));
  await Promise.allSettled(
    wanted.map(async (url) => {
      if (!(await cache.match(url))) await cache.add(url);
    }),
  );
  const assets = (await cache.keys()).filter((each) => kindOf(each, location.origin) === "asset");
  await Promise.all(assets.slice(0, -MOST_ASSETS).map((each) => cache.delete(each)));
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const { pathname } = new URL(request.url);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) await cache.put(pathname, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(pathname);
    if (kept) return kept;
    throw error;
  }
}
