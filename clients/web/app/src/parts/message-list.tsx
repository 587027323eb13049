import { useComputed } from "@preact/signals";
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type Range,
  type Rect,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { Ref, RefObject } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { isLookedAt } from "../state/attention.js";
import type { Room } from "../state/room.js";
import type { Row } from "../state/rows.js";
import { t } from "../strings/index.js";
import { useKeptFocus } from "./focus.js";
import { Icon } from "./icons.js";
import { Message } from "./message.js";
import { wordsOf } from "./preview.js";
import { SystemLine } from "./system-line.js";
import { dayName } from "./time.js";

/** So near to the end, one is at the end, and stays there. */
const END_PX = 80;
/** So near to the beginning of what is held, what is before is fetched. */
const AHEAD_PX = 1200;
const ROW_PX = 64;
const FORGOTTEN_AT_ONCE = 500;

type Scroller = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** What the screen does with the list. */
export interface ListHandle {
  /** Shows a message that is held, and gives it the focus. */
  reveal(seq: number): void;
  toEnd(): void;
}

interface ListProps {
  readonly room: Room;
  readonly name: string;
  readonly handle: Ref<ListHandle>;
  onReply(seq: number): void;
  onEdit(seq: number): void;
  onJump(seq: number): void;
}

/** What was said, of which only what is near is in the page. One stays where one is, whatever comes before or after. */
export function MessageList({ room, name, handle, ...actions }: ListProps) {
  const log = useRef<HTMLDivElement>(null);
  const rows = room.rows.value;
  const [currentKey, setCurrent] = useState<string>();
  const current = Math.max(0, currentKey === undefined ? rows.length - 1 : indexOf(rows, currentKey));
  const { scroller, leave } = useScroller(log, room, rows, current);
  const atEnd = scroller.isAtEnd(END_PX);
  const focusRow = (index: number) => {
    const row = rows[index];
    if (!row) return;
    leave();
    setCurrent(row.key);
    scroller.scrollToIndex(index, { align: "auto" });
    whenThere(log.current, row.key, (element) => element.focus({ preventScroll: true }));
  };
  useImperativeHandle(handle, () => ({
    reveal: (seq) => {
      const index = rows.findIndex((row) => row.kind === "message" && row.message.seq === seq);
      if (index < 0) return;
      scroller.scrollToIndex(index, { align: "center" });
      focusRow(index);
    },
    toEnd: () => scroller.scrollToEnd(),
  }));
  useReading(room, scroller, rows);
  useKeptFocus(log, () => focusRow(current));
  useOlder(room, scroller);
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as Element).closest("[role=menu], textarea, input")) return;
    const to = { ArrowUp: current - 1, ArrowDown: current + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    focusRow(Math.max(0, Math.min(rows.length - 1, to)));
  };
  return (
    <div class="messages">
      <div
        ref={log}
        class="log"
        role="log"
        aria-live="off"
        aria-label={t.conversation.messages(name)}
        aria-busy={room.isLoading}
        tabIndex={rows.length === 0 ? 0 : -1}
        onKeyDown={onKeyDown}
        onWheel={(event) => event.deltaY < 0 && leave()}
        onTouchMove={leave}
        onPointerDown={(event) => event.target === log.current && leave()} // the scroll bar
        onFocusIn={(event) => {
          const key = (event.target as Element).closest<HTMLElement>("[data-key]")?.dataset.key;
          if (key !== undefined) setCurrent(key);
        }}
      >
        <div class="space" style={{ height: `${scroller.getTotalSize()}px` }}>
          <Beginning room={room} />
          {scroller.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index];
            return row ? (
              <div
                key={key}
                data-index={index}
                data-key={row.key}
                class="row"
                ref={scroller.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Lines row={row} />
                {row.kind === "message" ? (
                  <Message
                    {...actions}
                    room={room}
                    message={row.message}
                    isFirst={row.isFirst}
                    isCurrent={index === current}
                  />
                ) : (
                  <SystemLine event={row.event} isCurrent={index === current} />
                )}
              </div>
            ) : null;
          })}
        </div>
      </div>
      {atEnd || rows.length === 0 ? null : (
        <ToEnd
          room={room}
          onClick={() => {
            scroller.scrollToEnd();
            focusRow(rows.length - 1);
          }}
        />
      )}
    </div>
  );
}

interface Scrolling {
  readonly scroller: Scroller;
  /** Somebody wants to be elsewhere: if they come away from the end, it is not followed any more. */
  leave(): void;
}

/** The virtualizer, joined with this component. */
function useScroller(
  log: RefObject<HTMLDivElement | null>,
  room: Room,
  rows: readonly Row[],
  current: number,
): Scrolling {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const follows = useRef(false);
  const isLeaving = useRef(false);
  const hasBegun = useRef(false);
  const options = {
    count: rows.length,
    getScrollElement: () => log.current,
    estimateSize: (index: number) => estimate(rows[index]),
    getItemKey: (index: number) => rows[index]?.key ?? index,
    // Who is at the end stays there, too, when a keyboard or a banner takes some of the window.
    observeElementRect: (instance: Scroller, told: (rect: Rect) => void) =>
      observeElementRect(instance, (rect) => {
        told(rect);
        if (follows.current) instance.scrollToEnd();
      }),
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => render(undefined),
    overscan: 8,
    // What has the focus stays in the page, however far one scrolls: else the focus would be lost.
    rangeExtractor: (range: Range) => {
      const near = defaultRangeExtractor(range);
      const isHeld = log.current?.contains(document.activeElement) && current < rows.length;
      return isHeld ? [...new Set([...near, current])].sort((a, b) => a - b) : near;
    },
    anchorTo: "end" as const,
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 56, // where `Beginning` stands
    paddingEnd: 12,
  };
  const [scroller] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  scroller.setOptions(options);
  useLayoutEffect(() => scroller._didMount(), [scroller]);
  useLayoutEffect(() => {
    scroller._willUpdate();
    const isAtEnd = scroller.isAtEnd(END_PX);
    follows.current = hasBegun.current && (isAtEnd || (follows.current && !isLeaving.current));
    if (isAtEnd) isLeaving.current = false;
  });
  // What comes while rows are still measured, and the end is not where it was thought to be, is followed, too.
  useLayoutEffect(() => {
    if (follows.current && !scroller.isAtEnd(END_PX)) scroller.scrollToEnd();
  }, [rows.at(-1)?.key]);
  useLayoutEffect(() => forgetSizes(scroller, rows));
  // One begins where what is unread begins, if that is held; else at the end.
  useLayoutEffect(() => {
    if (hasBegun.current || rows.length === 0) return;
    hasBegun.current = true;
    const unread = rows.findIndex((row) => row.isUnread);
    const isHeld = unread > 0 || (unread === 0 && !room.snapshot.peek().has_older);
    if (isHeld) scroller.scrollToIndex(unread, { align: "start" });
    else scroller.scrollToEnd();
  }, [rows.length > 0]);
  const leave = () => {
    isLeaving.current = true;
  };
  return { scroller, leave };
}

/** How high those rows were that are let go of is kept by nobody. */
function forgetSizes({ itemSizeCache }: Scroller, rows: readonly Row[]): void {
  if (itemSizeCache.size <= 2 * rows.length + FORGOTTEN_AT_ONCE) return;
  const keys = new Set<unknown>(rows.map((row) => row.key));
  for (const key of itemSizeCache.keys()) if (!keys.has(key)) itemSizeCache.delete(key);
}

/** What stands in the window has been read. */
function useReading(room: Room, scroller: Scroller, rows: readonly Row[]): void {
  void isLookedAt.value; // asked for again when somebody comes back
  useEffect(() => {
    const bottom = (scroller.scrollOffset ?? 0) + (scroller.scrollRect?.height ?? 0);
    if (scroller.isAtEnd(END_PX)) {
      room.seen(room.snapshot.peek().events.at(-1)?.seq ?? 0);
      room.atEnd();
    } else {
      const seen = scroller.getVirtualItems().findLast((item) => item.end <= bottom);
      const row = seen && rows[seen.index];
      if (row?.kind === "message" && row.message.seq !== undefined) room.seen(row.message.seq);
    }
  });
}

function useOlder(room: Room, scroller: Scroller): void {
  const { isLoading, hasFailed } = room;
  useEffect(() => {
    const isNear = (scroller.scrollOffset ?? 0) < AHEAD_PX && room.rows.peek().length > 0;
    if (isNear && !isLoading.peek() && !hasFailed.peek()) void room.older();
  });
}

function Beginning({ room }: { readonly room: Room }) {
  const text = useComputed(() => {
    if (room.isLoading.value) return t.conversation.loadingOlder;
    if (room.hasFailed.value) return room.rows.value.length > 0 ? t.conversation.olderFailed : t.conversation.notSynced;
    return room.snapshot.value.has_older ? "" : t.conversation.beginning;
  });
  return (
    <p class="beginning">
      {text}
      {room.hasFailed.value ? (
        <button type="button" onClick={() => void room.older()}>
          {t.retry}
        </button>
      ) : null}
    </p>
  );
}

function Lines({ row }: { readonly row: Row }) {
  return (
    <>
      {row.day === undefined ? null : (
        <h2 class="day">
          <time dateTime={new Date(row.day).toISOString().slice(0, 10)}>{dayName(row.day)}</time>
        </h2>
      )}
      {row.isUnread ? <h2 class="divider">{t.conversation.divider}</h2> : null}
    </>
  );
}

function ToEnd({ room, onClick }: { readonly room: Room; onClick(): void }) {
  const { unread } = room.snapshot.value;
  return (
    <button
      type="button"
      class="to-end icon"
      onClick={onClick}
      aria-label={unread > 0 ? t.conversation.newestCount(unread) : t.conversation.newest}
    >
      <Icon of="down" />
      {unread > 0 ? <span class="badge">{unread}</span> : null}
    </button>
  );
}

function indexOf(rows: readonly Row[], key: string): number {
  const index = rows.findIndex((row) => row.key === key);
  return index < 0 ? rows.length - 1 : index;
}

/** About how high a row is, before it is seen: what is wrong by little is corrected without being noticed. */
function estimate(row: Row | undefined): number {
  if (row?.kind !== "message") return 32;
  const text = wordsOf(row.message.content) ?? "";
  const lines = Math.ceil(text.length / 60) + (text.match(/\n/g)?.length ?? 0);
  return ROW_PX + Math.max(0, lines - 1) * 23 + (row.day === undefined ? 0 : 40) + (row.message.reactions ? 36 : 0);
}

const PATIENCE_MS = 2000;

/** Does something with the row's message as soon as it is in the page. */
function whenThere(log: HTMLElement | null, key: string, then: (element: HTMLElement) => void): void {
  const until = performance.now() + PATIENCE_MS;
  const look = () => {
    const row = [...(log?.querySelectorAll<HTMLElement>("[data-key]") ?? [])].find((each) => each.dataset.key === key);
    const element = row?.querySelector<HTMLElement>("article, .system");
    if (element) then(element);
    else if (performance.now() < until) requestAnimationFrame(look);
  };
  look();
}
