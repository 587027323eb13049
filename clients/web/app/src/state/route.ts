import { signal } from "@preact/signals";

/** Where one is: `#/`, `#/c/ID`, `#/c/ID/SEQ`, `#/c/ID/info`, `#/new`, `#/settings/SECTION`, `#/sign-up`. */
export type Route =
  | { readonly to: "inbox" }
  | { readonly to: "conversation"; readonly id: string; readonly seq?: number }
  | { readonly to: "info"; readonly id: string }
  | { readonly to: "new" }
  | { readonly to: "settings"; readonly section?: string }
  | { readonly to: "sign-up" };

const ID = /^[\w-]{1,64}$/;

export function parseRoute(hash: string): Route {
  const [first, second = "", third = ""] = hash.replace(/^#\/?/, "").split("/");
  if (first === "c" && ID.test(second)) {
    if (third === "info") return { to: "info", id: second };
    return { to: "conversation", id: second, ...(/^[1-9]\d{0,14}$/.test(third) ? { seq: Number(third) } : {}) };
  }
  if (first === "new" || first === "sign-up") return { to: first };
  if (first === "settings") return { to: "settings", ...(ID.test(second) ? { section: second } : {}) };
  return { to: "inbox" };
}

export function hrefOf(route: Route): string {
  switch (route.to) {
    case "conversation":
      return `#/c/${route.id}${route.seq === undefined ? "" : `/${route.seq}`}`;
    case "info":
      return `#/c/${route.id}/info`;
    case "settings":
      return `#/settings${route.section === undefined ? "" : `/${route.section}`}`;
    case "inbox":
      return "#/";
    default:
      return `#/${route.to}`;
  }
}

export const route = signal<Route>(parseRoute(location.hash));

globalThis.addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** Goes there; `replace`: and what was before is not gone back to. */
export function go(to: Route, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", hrefOf(to));
  else if (location.hash !== hrefOf(to)) history.pushState(null, "", hrefOf(to));
  route.value = to;
}
