/** The app without a network: what of it is kept, and when that is shown. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FetchEvent, keepAssets, kindOf, serve } from "../src/offline.js";

const HERE = location.origin;
const kept = new Map<string, Response>();
let isDown = false;
let fetched: string[];

beforeEach(() => {
  kept.clear();
  fetched = [];
  isDown = false;
  const keyOf = (request: Request | string) =>
    new URL(typeof request === "string" ? request : request.url, HERE).pathname;
  const fetcher = async (request: Request | string) => {
    fetched.push(keyOf(request));
    if (isDown) throw new TypeError("fetch failed");
    return new Response(`new ${keyOf(request)}`);
  };
  const cache = {
    match: async (request: Request | string) => kept.get(keyOf(request))?.clone(),
    put: async (request: Request | string, answer: Response) => void kept.set(keyOf(request), answer),
    add: async (url: string) => void kept.set(keyOf(url), await fetcher(url)),
    keys: async () => [...kept.keys()].map((path) => new Request(HERE + path)),
    delete: async (request: Request) => kept.delete(keyOf(request)),
  };
  vi.stubGlobal("fetch", fetcher);
  vi.stubGlobal("caches", { open: async () => cache });
});

afterEach(() => vi.unstubAllGlobals());

async function asked(path: string): Promise<string> {
  let answer: Promise<Response> | undefined;
  serve({
    request: new Request(HERE + path),
    respondWith: (given: Promise<Response>) => (answer = given),
  } as FetchEvent & {
    respondWith(given: Promise<Response>): unknown;
  });
  return answer ? (await answer).text() : "left to the browser";
}

test("what has its version in its name is asked for once", async () => {
  expect([await asked("/assets/a-1.js"), await asked("/assets/a-1.js")]).toEqual([
    "new /assets/a-1.js",
    "new /assets/a-1.js",
  ]);
  expect(fetched).toEqual(["/assets/a-1.js"]);
});

test("the page is the newest there is, and the last one there was without a network", async () => {
  kept.set("/", new Response("old"));
  expect(await asked("/")).toBe("new /");
  isDown = true;
  expect(await asked("/")).toBe("new /");
  await expect(asked("/config.json")).rejects.toThrow("fetch failed");
});

test("the API, other origins and the way back from a provider are none of its business", async () => {
  expect(await asked("/v1/conversations")).toBe("left to the browser");
  expect(await asked("/?code=c&state=s")).toBe("left to the browser");
  expect(kindOf({ method: "GET", url: "https://elsewhere.example/assets/a.js" }, HERE)).toBeUndefined();
  expect(kindOf({ method: "POST", url: `${HERE}/assets/a.js` }, HERE)).toBeUndefined();
});

test("what a page was made of is kept, and of what is old so much", async () => {
  for (let n = 0; n < 160; n++) kept.set(`/assets/old-${n}.js`, new Response(""));
  await keepAssets([`${HERE}/`, `${HERE}/assets/a-1.js`, `${HERE}/v1/users/me`, "https://elsewhere.example/x.js", 7]);
  expect([kept.has("/"), kept.has("/assets/a-1.js"), kept.has("/v1/users/me")]).toEqual([true, true, false]);
  expect([kept.has("/assets/old-10.js"), kept.has("/assets/old-11.js")]).toEqual([false, true]);
  await keepAssets("nothing");
});
