/** The SDK's API in memory, with what an app asks of it besides, and the app in a page. */

import type { ConversationAnswer, WireEvent } from "@natter/client";
import { MemoryStore, Natter } from "@natter/client";
import { render } from "preact";
import { Cloud } from "../../sdk/test/cloud.js";
import { CHAT, eventsFrame } from "../../sdk/test/server.js";
import { App } from "../src/screens/app.js";
import type { Config } from "../src/state/config.js";
import { go } from "../src/state/route.js";
import { enter, type Session, who } from "../src/state/session.js";

export { CHAT };

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export class World {
  readonly cloud = new Cloud();
  readonly calls: Call[] = [];
  /** What the inbox says of the one conversation there is. */
  conversation: Partial<ConversationAnswer> = {};
  /** Answers that come before all others: by method and path. */
  readonly answers: Record<string, [number, object?]> = {};
  readonly root: HTMLElement;
  /** What the stage says of itself. */
  config: Config = { http: "http://cloud", oidc: null };

  constructor() {
    localStorage.clear();
    this.root = document.body.appendChild(document.createElement("div"));
    this.root.id = "app";
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    const method = init?.method ?? "GET";
    const call = { method, path: pathname, body: init?.body ? JSON.parse(String(init.body)) : undefined };
    this.calls.push(call);
    const said = this.cloud.isDown ? undefined : (this.answers[`${method} ${pathname}`] ?? this.#answer(call));
    if (!said) return this.cloud.fetch(input, init);
    return new Response(said[1] === undefined ? null : JSON.stringify(said[1]), { status: said[0] });
  };

  show(): void {
    render(<App config={this.config} />, this.root);
  }

  async signIn(): Promise<Session> {
    const { cloud, fetch } = this;
    const options = { url: "http://cloud", store: new MemoryStore(), fetch, WebSocket: cloud.WebSocket };
    return enter(await Natter.signIn(options, { username: "ann", password: "right" }));
  }

  /** Others say, react, type: whatever the log or a frame can hold. */
  happens(...events: object[]): void {
    const log = this.cloud.server.log;
    for (const event of events)
      log.push({ seq: log.length + 1, at: Date.now(), sender_id: "ben", ...event } as WireEvent);
    this.cloud.post(eventsFrame(log.slice(-events.length)));
  }

  end(): void {
    if (who.value.is === "in") who.value.session.leave();
    who.value = { is: "starting" };
    go({ to: "inbox" }, { replace: true });
    render(null, this.root);
    this.root.remove();
    localStorage.clear();
  }

  #answer({ method, path, body }: Call): [number, object?] | undefined {
    if (method === "GET" && path === "/v1/conversations") return [200, { items: [this.#conversation()] }];
    if (path === `/v1/conversations/${CHAT}`) return [200, this.#conversation()];
    if (method === "PATCH" && path === `/v1/conversations/${CHAT}/me`) {
      this.conversation = { ...this.conversation, ...(body as object) };
      return [200, this.#conversation()];
    }
    if (path === `/v1/conversations/${CHAT}/members`) {
      const people = ["ann", "ben", "cem"].map((user_id) => ({
        user_id,
        display_name: nameOf(user_id),
        role: "member",
      }));
      return [200, { items: people.map((each) => ({ ...each, joined_at: 1 })) }];
    }
    if (path === "/v1/users/me") {
      return [200, { user_id: "ann", username: "ann", display_name: "Ann", created_at: 1, contactable: "everybody" }];
    }
    const user = /^\/v1\/users\/(\w+)$/.exec(path)?.[1];
    if (user) return [200, { user_id: user, username: user, display_name: nameOf(user) }];
    return path === "/v1/reports" ? [202] : undefined;
  }

  #conversation(): ConversationAnswer {
    const { log } = this.cloud.server;
    const last = log.at(-1) as WireEvent;
    return {
      conversation_id: CHAT,
      kind: "direct",
      created_at: 1,
      created_by: "ben",
      member_count: 2,
      first_seq: 1,
      head: { seq: last.seq, at: last.at },
      role: "member",
      read_seq: 1,
      unread: 0,
      archived: false,
      notify: "all",
      ...(this.conversation.kind === "group" ? {} : { peer: { user_id: "ben", display_name: "Ben Adler" } }),
      ...this.conversation,
    };
  }
}

function nameOf(userId: string): string {
  return { ann: "Ann", ben: "Ben Adler", cem: "Cem Öz" }[userId] ?? userId;
}
