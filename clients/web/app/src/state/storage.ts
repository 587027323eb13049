/** What is kept of the app itself, beside the SDK's store: drafts, the inbox, what one has set. It may be denied. */

const PREFIX = "natter.";

export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it, or forgets it where there is nothing to keep, as far as that is possible. */
export function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Denied, or full: what is shown does not depend on it.
  }
}

/** What was kept as JSON, if it is of the shape that `is` asks for. */
export function keptJson<Value>(name: string, is: (value: unknown) => value is Value): Value | undefined {
  try {
    const value: unknown = JSON.parse(kept(name) ?? "null");
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The names, of those that begin so, under which something is kept. */
export function keptNames(prefix: string): string[] {
  try {
    const names = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + prefix));
    return names.map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Forgets everything of the account (`u.`): what one has set of the app itself stays. */
export function forgetAccount(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}u.`)) localStorage.removeItem(key);
  } catch {
    // Denied: nothing was kept.
  }
}
