/** An API in memory: sessions, tickets, sockets and one conversation, with switches for what goes wrong. */

import type { ClientFrame } from "../src/protocol.js";
import { CHAT, eventsFrame, ME, Server } from "./server.js";

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly token: string | undefined;
}

export class Cloud {
  readonly server = new Server();
  readonly requests: Request[] = [];
  readonly frames: ClientFrame[] = [];
  readonly sockets = new Set<FakeSocket>();
  /** Nothing is reached. */
  isDown = false;
  /** Frames get no answer. */
  isMute = false;
  userId = ME;
  expires_in = 3600;
  /** The refresh token that the browser keeps, where it was asked to. */
  cookie: string | undefined;
  #tokens = 0;
  #live = new Set<string>();

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    await Promise.resolve();
    if (this.isDown) throw new TypeError("fetch failed");
    const request: Request = {
      method: init?.method ?? "GET",
      path: url.pathname,
      body: init?.body ? JSON.parse(String(init.body)) : {},
      token: new Headers(init?.headers).get("Authorization")?.slice(7),
    };
    this.requests.push(request);
    const [status, body] = this.#answer(request, url.searchParams);
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  };

  get WebSocket(): new (
    url: string,
  ) => WebSocket {
    const cloud = this;
    return class extends FakeSocket {
      constructor(_: string) {
        super(cloud);
      }
    } as never;
  }

  /** Calls of a path that were made. */
  count(path: string): number {
    return this.requests.filter((each) => each.path === path).length;
  }

  other(...texts: string[]): void {
    const messages = texts.map((text) => ({ client_id: `b-${text}`, content: { type: "text" as const, text } }));
    const { events } = this.server.accept("ben", { action: "send", conversation_id: CHAT, messages });
    this.post(eventsFrame(events));
  }

  post(frame: object): void {
    for (const socket of this.sockets) socket.receive(frame);
  }

  expireTokens(): void {
    this.#live.clear();
  }

  /** Refresh tokens are good still. */
  expireAccess(): void {
    for (const token of this.#live) if (token.startsWith("a")) this.#live.delete(token);
  }

  closeAll(): void {
    for (const socket of [...this.sockets]) socket.close();
  }

  take(socket: FakeSocket, frame: ClientFrame): void {
    this.frames.push(frame);
    if (this.isMute) return;
    const id = frame.id ?? undefined;
    if (frame.action === "ping") return socket.receive({ type: "pong", id, at: 1 });
    if (frame.action === "read" || frame.action === "delivered") return socket.receive({ type: "ok", id });
    if (frame.action === "watch") {
      const users = frame.user_ids.map((user_id) => ({ user_id, state: "online" }));
      return socket.receive({ type: "presence", id, users });
    }
    if (!("client_id" in frame) && !("messages" in frame)) return;
    const ids = "messages" in frame ? frame.messages.map((each) => each.client_id) : [frame.client_id];
    const { events, refused } = this.server.accept(ME, frame);
    socket.receive({
      type: "ack",
      id,
      conversation_id: CHAT,
      accepted: ids.map((client_id) => ({ client_id, at: 1 })),
    });
    if (events.length > 0) this.post(eventsFrame(events));
    if (refused.length > 0) {
      socket.receive({ type: "error", code: "gone", detail: "", conversation_id: CHAT, client_ids: refused });
    }
  }

  #answer(request: Request, query: URLSearchParams): [number, object?] {
    const { method, path, body } = request;
    if (path === "/v1/users" && body.username === "taken") return problem(409, "username_taken");
    if (path === "/v1/sessions" && method === "POST") {
      return body.password === "right"
        ? [201, this.#session(body.refresh === "cookie")]
        : problem(401, "bad_credentials");
    }
    if (path === "/v1/sessions/refresh") {
      const isCookie = body.refresh_token === undefined;
      const token = String(isCookie ? this.cookie : body.refresh_token);
      return this.#live.delete(token) ? [200, this.#session(isCookie)] : problem(401, "bad_token");
    }
    if (!request.token || !this.#live.has(request.token)) return problem(401, "unauthenticated");
    if (path === "/v1/users/me" && body.password === "wrong") return problem(401, "bad_credentials");
    if (path === "/v1/tickets") return [201, { ticket: "t", expires_in: 30, url: "ws://cloud/" }];
    if (path === "/v1/sync") return [200, this.server.sync(body as never)];
    if (path === "/v1/conversations" && method === "POST") return [201, { conversation_id: CHAT }];
    if (path === "/v1/conversations") {
      const cursor = query.get("cursor");
      return [
        200,
        cursor ? { items: [{ conversation_id: "second" }] } : { items: [{ conversation_id: CHAT }], next_cursor: "n" },
      ];
    }
    if (path.endsWith("/events")) {
      const number = (name: string) => (query.has(name) ? { [name]: Number(query.get(name)) } : {});
      return [200, this.server.page({ limit: Number(query.get("limit")), ...number("after"), ...number("before") })];
    }
    if (path.endsWith("/cursors")) return [200, { items: [{ user_id: "ben", read_seq: 1, delivered_seq: 1 }] }];
    if (method === "DELETE" && path === "/v1/sessions/current") return [204];
    return problem(404, "not_found");
  }

  #session(isCookie: boolean): object {
    const n = ++this.#tokens;
    this.#live.add(`a${n}`).add(`r${n}`);
    if (isCookie) this.cookie = `r${n}`;
    const tokens = { access_token: `a${n}`, expires_in: this.expires_in };
    return {
      ...tokens,
      ...(isCookie ? {} : { refresh_token: `r${n}` }),
      user_id: this.userId,
      device_id: "device",
      session_id: "s",
    };
  }
}

class FakeSocket {
  readonly OPEN = 1;
  readyState = 0;
  onopen?: () => void;
  onclose?: () => void;
  onmessage?: (event: { data: string }) => void;
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      if (cloud.isDown) return this.close();
      this.readyState = 1;
      cloud.sockets.add(this);
      this.onopen?.();
    });
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    queueMicrotask(() => this.#cloud.take(this, frame));
  }

  receive(frame: object): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => this.readyState === 1 && this.onmessage?.({ data }));
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#cloud.sockets.delete(this);
    queueMicrotask(() => this.onclose?.());
  }
}

function problem(status: number, code: string): [number, object] {
  return [status, { type: "about:blank", title: code, status, detail: code, code }];
}
