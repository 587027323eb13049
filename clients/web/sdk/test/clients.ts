/** Clients of a cloud in memory, and what is asked about them. */

import { expect, vi } from "vitest";
import { IndexedDbStore, Natter, type NatterOptions } from "../src/index.js";
import { Cloud } from "./cloud.js";
import { CHAT } from "./server.js";

export const ANN = { username: "ann", password: "right" };
const open = new Set<Natter>();
let databases = 0;

export function closeAll(): void {
  for (const natter of open) natter.disconnect();
  open.clear();
  vi.unstubAllGlobals();
}

/** Of a database that nobody has yet. */
export function aName(): string {
  return `db${++databases}`;
}

/** A cloud, and options of a client whose store is its own, or shared by name. */
export function aCloud(): { cloud: Cloud; name: string; options: (store?: NatterOptions["store"]) => NatterOptions } {
  const cloud = new Cloud();
  const name = aName();
  const options = (store = new IndexedDbStore(name) as NatterOptions["store"]) =>
    ({ url: "http://cloud", store, fetch: cloud.fetch, WebSocket: cloud.WebSocket }) as NatterOptions;
  return { cloud, name, options };
}

export async function signedIn(options: NatterOptions): Promise<Natter> {
  const natter = await Natter.signIn(options, ANN);
  open.add(natter);
  return natter;
}

export async function resumed(options: NatterOptions): Promise<Natter> {
  const natter = await Natter.resume(options);
  if (!natter) throw new Error("nobody is signed in");
  open.add(natter);
  return natter;
}

export const until = <T>(check: () => T) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
export const texts = (natter: Natter) =>
  natter
    .conversation(CHAT)
    .snapshot.messages.map(({ content }) => (content?.type === "text" ? content.text : undefined));
export const says = (cloud: Cloud) =>
  cloud.server.log.flatMap((each) =>
    each.type === "message" && each.content?.type === "text" ? [each.content.text] : [],
  );

export async function connected(options: NatterOptions): Promise<Natter> {
  const natter = await signedIn(options);
  natter.connect();
  await until(() => expect(natter.connection.state).toBe("open"));
  return natter;
}
