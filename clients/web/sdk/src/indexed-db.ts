import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, openDB } from "idb";
import type { Change, Settings, Stored } from "./core/changes.js";
import type { Entry } from "./core/outbox.js";
import type { ReadView } from "./core/read-state.js";
import type { StoredTimeline } from "./core/timeline.js";
import type { WireEvent } from "./protocol.js";
import { type Account, StaleLeader, type Store } from "./store.js";

const VERSION = 1;
/** Of each conversation so many of the newest events are kept over a restart. */
const KEPT_EVENTS = 200;

interface Tables extends DBSchema {
  meta: { key: string; value: Account | number };
  /** Numbered in the order of writing, whichever tab wrote. */
  entries: { key: number; value: Entry; indexes: { client_id: string } };
  timelines: { key: string; value: Omit<StoredTimeline, "events"> };
  events: { key: [string, number]; value: WireEvent };
  readings: { key: string; value: ReadView };
  settings: { key: string; value: Settings };
}

const TABLES = ["meta", "entries", "timelines", "events", "readings", "settings"] as const;
type Table = (typeof TABLES)[number];
type Events = IDBPObjectStore<Tables, Table[], "events", "readwrite">;
type Write = IDBPTransaction<Tables, Table[], "readwrite">;

/** A store in IndexedDB: survives reloading and crashes, and is shared by the tabs of an origin. */
export class IndexedDbStore implements Store {
  readonly shared: string;
  #opening: Promise<IDBPDatabase<Tables>> | undefined;

  /** @param name of the database: one for each account that is signed in at the same time */
  constructor(name: string) {
    this.shared = name;
  }

  async load(): Promise<Stored> {
    return await this.#use(async (db) => {
      const tx = db.transaction([...TABLES], "readwrite");
      const table = async <Name extends "timelines" | "readings" | "settings">(name: Name) => {
        const [keys, values] = await Promise.all([tx.objectStore(name).getAllKeys(), tx.objectStore(name).getAll()]);
        return Object.fromEntries(keys.map((key, index) => [key, values[index]])) as Record<
          string,
          Tables[Name]["value"]
        >;
      };
      const [entries, bounds, readings, settings] = await Promise.all([
        tx.objectStore("entries").getAll(),
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

  async write(changes: readonly Change[], epoch?: number): Promise<void> {
    await this.#use(async (db) => {
      const tx = db.transaction([...TABLES], "readwrite", { durability: "strict" });
      if (epoch !== undefined && (await tx.objectStore("meta").get("epoch")) !== epoch) {
        tx.abort();
        await tx.done.catch(() => undefined);
        throw new StaleLeader();
      }
      for (const change of changes) await apply(tx, change);
      await tx.done;
    });
  }

  lead(): Promise<number> {
    return this.#use(async (db) => {
      const tx = db.transaction("meta", "readwrite");
      const epoch = await next(tx.store);
      await tx.store.put(epoch, "epoch");
      await tx.done;
      return epoch;
    });
  }

  account(): Promise<Account | undefined> {
    return this.#use((db) => db.get("meta", "account") as Promise<Account | undefined>);
  }

  async setAccount(account: Account): Promise<void> {
    await this.#use((db) => db.put("meta", account, "account"));
  }

  async clear(): Promise<void> {
    await this.#use(async (db) => {
      const tx = db.transaction([...TABLES], "readwrite");
      const epoch = await next(tx.objectStore("meta")); // who leads now stores nothing any more
      await Promise.all(TABLES.map((name) => tx.objectStore(name).clear()));
      await tx.objectStore("meta").put(epoch, "epoch");
      await tx.done;
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

  /** Uses the database; a handle that died (WebKit lets them) is opened again, once. */
  async #use<Answer>(work: (db: IDBPDatabase<Tables>) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(await this.#open());
    } catch (error) {
      if (!(error instanceof DOMException) || !["InvalidStateError", "UnknownError"].includes(error.name)) throw error;
      this.close();
      return await work(await this.#open());
    }
  }

  #open(): Promise<IDBPDatabase<Tables>> {
    if (this.#opening) return this.#opening;
    const opening = openDB<Tables>(this.shared, VERSION, {
      upgrade(db) {
        for (const name of TABLES) {
          if (name === "entries")
            db.createObjectStore(name, { autoIncrement: true }).createIndex("client_id", "client_id", { unique: true });
          else db.createObjectStore(name);
        }
      },
      blocking: () => this.close(),
      terminated: () => {
        this.#opening = undefined;
      },
    });
    this.#opening = opening;
    // What could not be opened is tried again the next time.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }
}

async function next(meta: { get(key: string): Promise<Account | number | undefined> }): Promise<number> {
  return (((await meta.get("epoch")) as number | undefined) ?? 0) + 1;
}

/** A run of the newest; what is not among them is deleted: it is fetched when it is looked at. */
async function newest(table: Events, conversation: string): Promise<WireEvent[]> {
  const events: WireEvent[] = [];
  let cursor = await table.openCursor(ofConversation(conversation), "prev");
  while (cursor && events.length < KEPT_EVENTS) {
    // Where something could not be stored, there is a hole.
    if (events.length > 0 && cursor.value.seq !== (events.at(-1) as WireEvent).seq - 1) break;
    events.push(cursor.value);
    cursor = await cursor.continue();
  }
  if (cursor) await table.delete(IDBKeyRange.bound([conversation, 0], [conversation, cursor.value.seq]));
  return events.reverse();
}

async function apply(tx: Write, change: Change): Promise<void> {
  switch (change.kind) {
    case "entry": {
      const table = tx.objectStore("entries");
      await table.put(change.entry, await table.index("client_id").getKey(change.entry.client_id));
      return;
    }
    case "no_entry": {
      const key = await tx.objectStore("entries").index("client_id").getKey(change.client_id);
      if (key !== undefined) await tx.objectStore("entries").delete(key);
      return;
    }
    case "events": {
      const id = change.conversation_id;
      const table = tx.objectStore("events");
      if (change.reset) await table.delete(ofConversation(id));
      await tx.objectStore("timelines").put(change.bounds, id);
      await Promise.all(change.events.map((event) => table.put(event, [id, event.seq])));
      return;
    }
    case "gone":
      await tx.objectStore("events").delete(ofConversation(change.conversation_id));
      for (const name of ["timelines", "readings", "settings"] as const) {
        await tx.objectStore(name).delete(change.conversation_id);
      }
      return;
    case "reading":
      await tx.objectStore("readings").put(change.reading, change.conversation_id);
      return;
    case "settings":
      await tx.objectStore("settings").put(change.settings, change.conversation_id);
      return;
  }
}

function ofConversation(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
}
