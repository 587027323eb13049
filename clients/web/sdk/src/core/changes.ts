import type { SettingsFrame, WireEvent } from "../protocol.js";
import type { Entry } from "./outbox.js";
import type { ReadView } from "./read-state.js";
import type { StoredTimeline } from "./timeline.js";

/** How a conversation is shown: muted, archived, when one is woken. */
export type Settings = Pick<SettingsFrame, "muted_until" | "archived" | "notify">;

/** What is kept of a client, and what it begins with the next time. */
export interface Stored {
  readonly entries: readonly Entry[];
  readonly timelines: Readonly<Record<string, StoredTimeline>>;
  readonly readings: Readonly<Record<string, ReadView>>;
  readonly settings: Readonly<Record<string, Settings>>;
}

export const NOTHING: Stored = { entries: [], timelines: {}, readings: {}, settings: {} };

/** A change of what is kept: stored first, then shown. Doing one twice does no harm. */
export type Change =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "no_entry"; readonly client_id: string }
  | {
      readonly kind: "events";
      readonly conversation_id: string;
      /** New, or looking different. */
      readonly events: readonly WireEvent[];
      /** What was held below is dropped before. */
      readonly from?: number;
      /** It has just happened; else it is from before, or was missed. */
      readonly live?: boolean;
      readonly bounds: Omit<StoredTimeline, "events">;
    }
  | { readonly kind: "gone"; readonly conversation_id: string }
  | { readonly kind: "reading"; readonly conversation_id: string; readonly reading: ReadView }
  | { readonly kind: "settings"; readonly conversation_id: string; readonly settings: Settings };

interface KeptTimeline {
  bounds: Omit<StoredTimeline, "events">;
  events: Map<number, WireEvent>;
}

/** What is kept, in memory. */
export class Kept {
  readonly entries = new Map<string, Entry>();
  readonly timelines = new Map<string, KeptTimeline>();
  readonly readings = new Map<string, ReadView>();
  readonly settings = new Map<string, Settings>();

  apply(change: Change): void {
    switch (change.kind) {
      case "entry":
        this.entries.set(change.entry.client_id, change.entry);
        break;
      case "no_entry":
        this.entries.delete(change.client_id);
        break;
      case "events": {
        const { conversation_id, bounds, from = 0 } = change;
        const { events } = this.timelines.get(conversation_id) ?? { events: new Map<number, WireEvent>() };
        if (from > 0) for (const seq of events.keys()) if (seq < from) events.delete(seq);
        for (const event of change.events) events.set(event.seq, event);
        this.timelines.set(conversation_id, { bounds, events });
        break;
      }
      case "gone":
        this.timelines.delete(change.conversation_id);
        this.readings.delete(change.conversation_id);
        this.settings.delete(change.conversation_id);
        break;
      case "reading":
        this.readings.set(change.conversation_id, change.reading);
        break;
      case "settings":
        this.settings.set(change.conversation_id, change.settings);
        break;
    }
  }

  stored(): Stored {
    return {
      entries: [...this.entries.values()],
      timelines: Object.fromEntries(
        [...this.timelines].map(([id, { bounds, events }]) => [id, { ...bounds, events: inOrder(events) }]),
      ),
      readings: Object.fromEntries(this.readings),
      settings: Object.fromEntries(this.settings),
    };
  }
}

/** Events by their places. */
export function inOrder(events: ReadonlyMap<number, WireEvent>): WireEvent[] {
  return [...events.values()].sort((a, b) => a.seq - b.seq);
}
