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

/** The language one has chosen here, instead of the browser's. */
export function chosenLanguage(): string | undefined {
  return kept("language");
}

/** Everything that is shown is made anew. */
export function chooseLanguage(tag: string): void {
  keep("language", tag === "system" ? undefined : tag);
  location.reload();
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
