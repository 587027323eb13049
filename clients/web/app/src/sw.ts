/** The service worker: shows what the push service brings while no page is open, opens what is chosen, and the app offline. */

import { type FetchEvent, keepAssets, serve } from "./offline.js";

interface Push {
  readonly title: string;
  readonly body: string;
  readonly badge?: number;
  readonly data: { readonly conversation_id: string; readonly seq: number };
}

interface Waiting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface PushEvent extends Waiting {
  readonly data: { json(): unknown } | null;
}

interface Chosen extends Waiting {
  readonly notification: Notification;
}

interface Told extends Waiting {
  readonly data: { readonly keep?: unknown } | null;
}

interface Page {
  readonly url: string;
  focus(): Promise<unknown>;
  postMessage(message: object): void;
}

/** Of a service worker's scope, what is used here: its types and those of pages exclude each other. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: true }): Promise<Page[]>;
    openWindow(url: string): Promise<unknown>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listener: (event: Waiting) => void): void;
  addEventListener(name: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(name: "message", listener: (event: Told) => void): void;
  addEventListener(name: "push", listener: (event: PushEvent) => void): void;
  addEventListener(name: "notificationclick", listener: (event: Chosen) => void): void;
}

const scope = globalThis as unknown as Scope;

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("fetch", serve);
scope.addEventListener("message", (event) => event.waitUntil(keepAssets(event.data?.keep)));

scope.addEventListener("push", (event) => event.waitUntil(show(event.data?.json())));

scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

/** Browsers want each push to be seen; those of one conversation replace each other. */
async function show(said: unknown): Promise<void> {
  if (!isPush(said)) return;
  const { title, body, badge, data } = said;
  const options = { body, data, tag: data.conversation_id, renotify: true, icon: "/icon.svg" };
  await scope.registration.showNotification(title, options);
  if (badge !== undefined) await navigator.setAppBadge?.(badge).catch(() => undefined); // browsers without one refuse
}

async function open({ conversation_id, seq }: Push["data"]): Promise<void> {
  const hash = `#/c/${conversation_id}/${seq}`;
  const [page] = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!page) {
    await scope.clients.openWindow(`/${hash}`);
    return;
  }
  page.postMessage({ open: hash });
  await page.focus();
}

function isPush(said: unknown): said is Push {
  const { title, body, data } = (said ?? {}) as Partial<Push>;
  return typeof title === "string" && typeof body === "string" && typeof data?.conversation_id === "string";
}
