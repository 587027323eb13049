import type { Change, Settings, Stored } from "./core/changes.js";
import type { Entry } from "./core/outbox.js";
import type { ReadView } from "./core/read-state.js";
import type { StoredTimeline } from "./core/timeline.js";
import type { WireEvent } from "./protocol.js";
import { type Account, StaleLeader, type Store } from "./store.js";

const VERSION = 1;
/** Of each conversation so many of the newest events are kept over a restart. */
const KEPT_EVENTS = 200;

/** By name, what stands in it. `meta`: the account, and the epoch of who leads; events are under `[conversation, seq]`. */
interface Tables {
  meta: Account | number;
  /** Numbered in the order of writing, whichever tab wrote. */
  entries: Entry;
  timelines: Omit<StoredTimeline, "events">;
  events: WireEvent;
  readings: ReadView;
  settings: Settings;
}

const TABLES = ["meta", "entries", "timelines", "events", "readings", "settings"] as const;

/** A store in IndexedDB: survives reloading and crashes, and is shared by the tabs of an origin. */
export class IndexedDbStore implements Store {
  readonly shared: string;
  #opening: Promise<IDBDatabase> | undefined;

  /** @param name of the database: one for each account that is signed in at the same time */
  constructor(name: string) {
    this.shared = name;
  }

  load(): Promise<Stored> {
    return this.#use(async (tx) => {
      const table = async <Name extends "timelines" | "readings" | "settings">(name: Name) => {
        const store = tx.objectStore(name);
        const [keys, values] = await Promise.all([
          result(store.getAllKeys() as IDBRequest<string[]>),
          result(store.getAll() as IDBRequest<Tables[Name][]>),
        ]);
        return Object.fromEntries(keys.map((key, index) => [key, values[index] as Tables[Name]]));
      };
      const [entries, bounds, readings, settings] = await Promise.all([
        result(tx.objectStore("entries").getAll() as IDBRequest<Entry[]>),
        table("timelines"),
        table("readings"),
        table("settings"),
      ]);
      const timelines: Record<string, StoredTimeline> = {};
      for (const [id, each] of Object.entries(bounds)) {
        timelines[id] = { ...each, events: await newest(tx.objectStore("events"), id) };
      }
      return { entries, timelines, readings, settings };
    });
  }

  write(changes: readonly Change[], epoch?: number): Promise<void> {
    return this.#use(async (tx) => {
      if (epoch !== undefined && (await epochOf(tx)) !== epoch) throw new StaleLeader();
      for (const change of changes) await apply(tx, change);
    });
  }

  lead(): Promise<number> {
    return this.#use(begin);
  }

  account(): Promise<Account | undefined> {
    const get = (tx: IDBTransaction) =>
      result(tx.objectStore("meta").get("account") as IDBRequest<Account | undefined>);
    return this.#use(get, "readonly");
  }

  async setAccount(account: Account): Promise<void> {
    await this.#use((tx) => result(tx.objectStore("meta").put(account, "account")));
  }

  clear(): Promise<void> {
    return this.#use(async (tx) => {
      const epoch = await begin(tx); // who leads now stores nothing any more
      await Promise.all(TABLES.map((name) => result(tx.objectStore(name).clear())));
      await result(tx.objectStore("meta").put(epoch, "epoch"));
    });
  }

  close(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    void opening?.then(
      (db) => db.close(),
      () => undefined,
    );
  }

  /** Does all of it or nothing; with a handle that died (WebKit lets them) once more, with another one. */
  async #use<Answer>(
    work: (tx: IDBTransaction) => Promise<Answer>,
    mode: IDBTransactionMode = "readwrite",
  ): Promise<Answer> {
    const now = async () => inOne((await this.#open()).transaction(TABLES, mode, { durability: "strict" }), work);
    try {
      return await now();
    } catch (error) {
      if (!(error instanceof DOMException) || !["InvalidStateError", "UnknownError"].includes(error.name)) throw error;
      this.close();
      return await now();
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opening) return this.#opening;
    const request = indexedDB.open(this.shared, VERSION);
    request.onupgradeneeded = () => {
      for (const name of TABLES) {
        const options = { autoIncrement: name === "entries" };
        const table = request.result.createObjectStore(name, options);
        if (options.autoIncrement) table.createIndex("client_id", "client_id", { unique: true });
      }
    };
    const opening = result(request).then((db) => {
      db.onversionchange = () => this.close();
      db.onclose = () => {
        this.#opening = undefined;
      };
      return db;
    });
    this.#opening = opening;
    // What could not be opened is tried again the next time.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }
}

/** What a request comes to. */
function result<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A transaction, which is on the disk when this is over; whatever goes wrong, nothing of it is done. */
async function inOne<Answer>(tx: IDBTransaction, work: (tx: IDBTransaction) => Promise<Answer>): Promise<Answer> {
  let isOver = false;
  const over = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new DOMException("", "AbortError"));
  }).finally(() => {
    isOver = true;
  });
  try {
    const [answer] = await Promise.all([work(tx), over]);
    return answer;
  } catch (error) {
    if (!isOver) tx.abort();
    throw error;
  }
}

async function epochOf(tx: IDBTransaction): Promise<number> {
  return ((await result(tx.objectStore("meta").get("epoch"))) as number | undefined) ?? 0;
}

/** The next epoch. */
async function begin(tx: IDBTransaction): Promise<number> {
  const epoch = (await epochOf(tx)) + 1;
  await result(tx.objectStore("meta").put(epoch, "epoch"));
  return epoch;
}

/** A run of the newest; what is not among them is deleted: it is fetched when it is looked at. */
async function newest(table: IDBObjectStore, conversation: string): Promise<WireEvent[]> {
  const events: WireEvent[] = [];
  const request = table.openCursor(below(conversation), "prev");
  let cursor = await result(request);
  while (cursor && events.length < KEPT_EVENTS) {
    // Where something could not be stored, there is a hole.
    if (events.length > 0 && cursor.value.seq !== (events.at(-1) as WireEvent).seq - 1) break;
    events.push(cursor.value);
    cursor.continue();
    cursor = await result(request);
  }
  if (cursor) await result(table.delete(below(conversation, cursor.value.seq + 1)));
  return events.reverse();
}

async function apply(tx: IDBTransaction, change: Change): Promise<void> {
  const table = (name: keyof Tables) => tx.objectStore(name);
  switch (change.kind) {
    case "entry": {
      const { entry } = change;
      await result(table("entries").put(entry, await result(keyOf(table("entries"), entry.client_id))));
      return;
    }
    case "no_entry": {
      const key = await result(keyOf(table("entries"), change.client_id));
      if (key !== undefined) await result(table("entries").delete(key));
      return;
    }
    case "events": {
      const id = change.conversation_id;
      if (change.from !== undefined) await result(table("events").delete(below(id, change.from)));
      await result(table("timelines").put(change.bounds, id));
      await Promise.all(change.events.map((event) => result(table("events").put(event, [id, event.seq]))));
      return;
    }
    case "gone":
      await result(table("events").delete(below(change.conversation_id)));
      for (const name of ["timelines", "readings", "settings"] as const) {
        await result(table(name).delete(change.conversation_id));
      }
      return;
    case "reading":
      await result(table("readings").put(change.reading, change.conversation_id));
      return;
    case "settings":
      await result(table("settings").put(change.settings, change.conversation_id));
      return;
  }
}

function keyOf(entries: IDBObjectStore, client_id: string): IDBRequest<IDBValidKey | undefined> {
  return entries.index("client_id").getKey(client_id);
}

/** The events of a conversation: all, or those before a place. */
function below(id: string, seq = Number.POSITIVE_INFINITY): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, seq], false, true);
}
