import { ERRORS } from "../protocol.js";

/** What every part of the core is: it has no clock, no randomness and no I/O of its own. */

/** Draws a number in [0, 1). */
export type Random = () => number;

/** Time has come to what the part asked to be woken for. */
export interface Wake {
  readonly type: "wake";
}

/** A state machine: something happens at a time, and it says what is to be done, in that order. */
export interface Part<Input, Effect, View> {
  step(at: number, input: Input | Wake, random: Random): Effect[];
  /** When it wants to be woken (milliseconds), if at all; earlier does no harm. */
  wake(): number | undefined;
  /** How it stands, as data. */
  view(): View;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/** Exponential backoff with full jitter after the cap; `floor` is what the server asked for at least. */
export function backoff(random: Random, failures: number, floor = 0): number {
  return floor + jitter(random, Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures));
}

/** A whole number of milliseconds below `most`. */
export function jitter(random: Random, most: number): number {
  return Math.floor(random() * most);
}

/** The earliest of times that may not be there. */
export function earliest(...times: (number | undefined)[]): number | undefined {
  const there = times.filter((time) => time !== undefined);
  return there.length > 0 ? Math.min(...there) : undefined;
}

/** An answer that API Gateway gave by itself: a retryable error of every frame that has no answer yet. */
export function isGatewayError(frame: object): boolean {
  return !("type" in frame) && "message" in frame;
}

/** Codes of the protocol that repeating the same thing may help. */
export const RETRYABLE: ReadonlySet<string> = new Set(
  Object.entries(ERRORS).flatMap(([code, isRetryable]) => (isRetryable ? code : [])),
);
