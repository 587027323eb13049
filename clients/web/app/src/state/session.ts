import { type Connection, Natter, type NatterOptions, type UserAnswer } from "@natter/client";
import { type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { announceMessages } from "./announce.js";
import { followStatus } from "./attention.js";
import type { Config } from "./config.js";
import { forgetDrafts } from "./drafts.js";
import { Inbox } from "./inbox.js";
import { forgetMembers } from "./members.js";
import { People } from "./people.js";
import { PresenceBoard } from "./presence.js";
import { sendAgain } from "./sending.js";
import { forgetAccount, keep, kept } from "./storage.js";
import { followTitle } from "./title.js";

/** Somebody who is signed in, and everything that is shown of them. */
export interface Session {
  readonly natter: Natter;
  readonly me: string;
  /** Undefined until the server has said. */
  readonly profile: ReadonlySignal<UserAnswer | undefined>;
  readonly connection: ReadonlySignal<Connection>;
  /** Whether what is written here can be kept at all. */
  readonly isUnkept: ReadonlySignal<boolean>;
  readonly people: People;
  readonly inbox: Inbox;
  readonly presence: PresenceBoard;
  /** Asks for one's own profile again: it was changed. */
  reloadProfile(): Promise<void>;
  /** Ends the session, and forgets everything here; `discard`: also what is not sent. */
  signOut(options?: { discard?: boolean }): Promise<void>;
  /** The account is gone already: forgets everything here. */
  leave(): void;
}

/** Who is signed in. `why` nobody is: the session ended elsewhere, or the identity provider did not let them in. */
export type Who =
  | { readonly is: "starting" }
  | { readonly is: "out"; readonly why?: "ended" | "refused" }
  | { readonly is: "in"; readonly session: Session };

export const who = signal<Who>({ is: "starting" });

const SessionContext = createContext<Session | undefined>(undefined);
export const SessionProvider = SessionContext.Provider;

/** Whoever is signed in, in everything that is shown below the shell. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("nobody is signed in");
  return session;
}

/** What the SDK is made with: access tokens stay in memory, the refresh token in a cookie no script can read. */
export function optionsOf(config: Config): NatterOptions {
  const name = navigator.userAgent.match(/Firefox|Edg|OPR|Chrome|Safari/)?.[0]?.replace("Edg", "Edge");
  const isOwn = new URL(config.http).origin === location.origin;
  return {
    url: config.http,
    device: { platform: "web", name: name ? `Natter, ${name}` : "Natter" },
    ...(isOwn ? { refresh: "cookie" as const } : {}),
  };
}

/** Whoever was signed in here before, or nobody. */
export async function resume(options: NatterOptions): Promise<void> {
  const natter = await Natter.resume(options);
  if (natter) enter(natter);
  else who.value = { is: "out" };
}

/** Shows what `natter` knows, and connects it. */
export function enter(natter: Natter): Session {
  if (kept("u.id") !== natter.userId) forget();
  keep("u.id", natter.userId);
  const connection = signal(natter.connection);
  const isUnkept = signal(false);
  const profile = signal<UserAnswer | undefined>(undefined);
  const people = new People(natter);
  const inbox = new Inbox(natter, people);
  const presence = new PresenceBoard(natter, inbox);
  const leave = (why?: "ended") => {
    for (const end of ends) end();
    who.value = { is: "out", ...(why ? { why } : {}) };
  };
  const session: Session = {
    natter,
    me: natter.userId,
    profile,
    connection,
    isUnkept,
    people,
    inbox,
    presence,
    async reloadProfile() {
      const answer = (await natter.call("GET", "/v1/users/me")) as UserAnswer;
      profile.value = answer;
      people.learn([answer]);
    },
    async signOut(how) {
      await natter.signOut(how);
      forget();
      leave();
    },
    leave() {
      natter.disconnect();
      forget();
      leave();
    },
  };
  const ends = [
    () => inbox.end(),
    () => presence.end(),
    followTitle(inbox),
    announceMessages(session),
    followStatus(natter),
  ];
  natter.on("event", ({ conversation_id, event }) => {
    if (event.type.startsWith("member_")) forgetMembers(session, conversation_id);
  });
  natter.on("unkept", () => {
    isUnkept.value = true;
  });
  natter.on("connection", (now) => {
    connection.value = now;
    if (now.state === "signed_out") leave("ended");
    if (now.state !== "open") return;
    void inbox.reload();
    // Asked for again with the next connection.
    if (!profile.peek()) session.reloadProfile().catch(() => undefined);
  });
  who.value = { is: "in", session };
  natter.connect();
  sendAgain(natter).catch(() => undefined); // the store takes nothing: that is shown
  return session;
}

/** Of who was signed in here, nothing is left. */
function forget(): void {
  forgetAccount();
  forgetDrafts();
}
