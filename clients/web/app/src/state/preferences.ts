import { effect, signal } from "@preact/signals";
import { keep, kept } from "./storage.js";

/** What one has set of the app on this device; it stays when one signs out. */

export type Theme = "system" | "light" | "dark";

export const theme = signal<Theme>(oneOf(["system", "light", "dark"], kept("theme")));

/** Whether Enter sends: where there is a keyboard, unless one wants otherwise. */
export const enterSends = signal(
  kept("enter") === undefined ? !matchMedia("(pointer: coarse)").matches : kept("enter") === "sends",
);

export function setEnterSends(sends: boolean): void {
  enterSends.value = sends;
  keep("enter", sends ? "sends" : "breaks");
}

effect(() => {
  const { documentElement } = document;
  if (theme.value === "system") delete documentElement.dataset.theme;
  else documentElement.dataset.theme = theme.value;
  keep("theme", theme.value === "system" ? undefined : theme.value);
});

function oneOf<Value extends string>([first, ...rest]: readonly [Value, ...Value[]], kept: string | undefined): Value {
  return rest.find((each) => each === kept) ?? first;
}
