import { language, t } from "../strings/index.js";

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = language + JSON.stringify(options);
  const there = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, there);
  return there.format(at);
}

/** `14:05`, as the language writes it. */
export function clockTime(at: number): string {
  return format(at, { hour: "numeric", minute: "2-digit" });
}

/** Date and time in full. */
export function fullTime(at: number): string {
  return format(at, { dateStyle: "full", timeStyle: "short" });
}

/** How many midnights ago it was, by the clock of who looks. */
export function daysAgo(at: number, now = Date.now()): number {
  return Math.round((midnight(now) - midnight(at)) / DAY_MS);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** `Today`, `Yesterday`, or the date. */
export function dayName(at: number, now = Date.now()): string {
  const days = daysAgo(at, now);
  if (days === 0) return t.conversation.today;
  if (days === 1) return t.conversation.yesterday;
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(at, { weekday: "long", day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) });
}

/** As short as a list needs it: the time today, the day in the last week, else the date. */
export function shortTime(at: number, now = Date.now()): string {
  const days = daysAgo(at, now);
  if (days <= 0) return clockTime(at);
  if (days < 7) return format(at, { weekday: "short" });
  return format(at, { dateStyle: "short" });
}

/** `5 minutes ago`, `yesterday`: how long ago somebody was there. */
export function agoOf(at: number, now = Date.now()): string {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const minutes = Math.max(0, Math.round((now - at) / 60_000));
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 24 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  return relative.format(-daysAgo(at, now), "day");
}
