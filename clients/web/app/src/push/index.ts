import type { SessionAnswer, WebKeyAnswer } from "@natter/client";
import { effect, signal } from "@preact/signals";
import { pagesOf } from "../state/pages.js";
import { go, parseRoute } from "../state/route.js";
import type { Session } from "../state/session.js";
import { keep, kept } from "../state/storage.js";

/** Whether this browser is woken; `denied`: its user has forbidden it, and only they can allow it again. */
export type PushState = "unsupported" | "denied" | "off" | "on";

/** Undefined until it is known. */
export const pushState = signal<PushState | undefined>(undefined);

const KEY = "u.push";

/** The only script that is asked for by its address: Trusted Types let no other pass (infra/blocks/web_app.py). */
const WORKER = "/sw.js";
const { trustedTypes } = globalThis as { trustedTypes?: Policies };
const policy = trustedTypes?.createPolicy("natter", { createScriptURL: () => WORKER });

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(): string }): { createScriptURL(from: string): string };
}

/**
 * Called once somebody is signed in: the service worker, and a registration that is there. Nobody is asked for
 * anything here. What browsers have changed of a subscription meanwhile is told, and so is another key of the stage's.
 */
export async function start(session: Session): Promise<void> {
  if (!("serviceWorker" in navigator)) {
    pushState.value = "unsupported";
    return;
  }
  navigator.serviceWorker.addEventListener("message", opened);
  const worker = await navigator.serviceWorker.register(policy?.createScriptURL(WORKER) ?? WORKER);
  putAway(session, worker);
  pushState.value = await found(worker);
  if (pushState.value === "on") await subscribe(session, worker).catch(() => undefined); // with the next start again
}

/**
 * After a gesture: the browser asks for permission now.
 *
 * @throws NatterError the registration was refused
 * @throws DOMException the browser would not subscribe
 */
export async function enablePush(session: Session): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    pushState.value = Notification.permission === "denied" ? "denied" : "off";
    return;
  }
  await subscribe(session, await navigator.serviceWorker.ready);
  keep(KEY, "on");
  pushState.value = "on";
}

/** @throws NatterError the server could not be told */
export async function disablePush({ natter }: Session): Promise<void> {
  if (kept(KEY) === undefined) return;
  keep(KEY, undefined);
  const worker = await navigator.serviceWorker.ready;
  await (await worker.pushManager.getSubscription())?.unsubscribe();
  pushState.value = "off";
  await natter.call("DELETE", `/v1/devices/${await deviceOf(natter)}/push`);
}

async function found(worker: ServiceWorkerRegistration): Promise<PushState> {
  if (!("pushManager" in worker) || !("Notification" in globalThis)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return kept(KEY) === "on" && Notification.permission === "granted" ? "on" : "off";
}

async function subscribe({ natter }: Session, { pushManager }: ServiceWorkerRegistration): Promise<void> {
  const { public_key } = (await natter.call("GET", "/v1/push/web-key")) as WebKeyAnswer;
  const before = await pushManager.getSubscription();
  const key = bytesOf(public_key);
  const isSame = before && equal(before.options.applicationServerKey, key);
  if (before && !isSame) await before.unsubscribe();
  const now = isSame ? before : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const body = { provider: "webpush", token: JSON.stringify(now) };
  await natter.call("PUT", `/v1/devices/${await deviceOf(natter)}/push`, body);
}

/** The device that this browser is to the server. */
async function deviceOf(natter: Session["natter"]): Promise<string> {
  for await (const page of pagesOf<SessionAnswer>(natter, "/v1/sessions", { limit: 50 })) {
    const mine = page.find((each) => each.current);
    if (mine) return mine.device_id;
  }
  throw new Error("no session is the current one");
}

/** What was read elsewhere or here is no news any more; the icon has the number that the inbox has. */
function putAway({ natter, inbox }: Session, worker: ServiceWorkerRegistration): void {
  const offs = [
    natter.on("conversation", async ({ conversation_id, unread }) => {
      if (unread > 0) return;
      for (const each of await worker.getNotifications({ tag: conversation_id })) each.close();
    }),
    effect(() => {
      const unread = inbox.all.value.filter((each) => each.unread > 0).length;
      void navigator.setAppBadge?.(unread).catch(() => undefined); // browsers without a badge refuse
    }),
  ];
  natter.on("connection", ({ state }) => {
    if (state === "signed_out") for (const off of offs) off();
  });
}

/** A notification was chosen while the app was open. */
function opened({ data }: MessageEvent): void {
  if (typeof data?.open === "string") go(parseRoute(data.open));
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function equal(one: ArrayBuffer | null, other: Uint8Array): boolean {
  if (one?.byteLength !== other.length) return false;
  return new Uint8Array(one).every((byte, index) => byte === other[index]);
}
