import { useEffect, useRef } from "preact/hooks";
import { Announcer } from "../parts/announcer.js";
import { ConnectionBanner } from "../parts/banner.js";
import { keepApp } from "../state/offline.js";
import { hrefOf, type Route, route } from "../state/route.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { InboxScreen } from "./inbox.js";
import { lazy } from "./lazy.js";

const loadConversation = () => import("./conversation.js");
const ConversationScreen = lazy(loadConversation);
const Settings = lazy(() => import("./settings/index.js"));
const NewConversation = lazy(() => import("./groups/new.js"));
const ConversationInfo = lazy(() => import("./groups/info.js"));

/** The inbox beside what is open; on a narrow screen one of them. */
export function Shell() {
  const session = useSession();
  const to = route.value;
  useEffect(() => {
    // What is opened next is there before it is; what is not needed to see anything comes last.
    void loadConversation()
      .then(() => import("../push/index.js"))
      .then(({ start }) => start(session))
      .then(keepApp)
      // Where no service worker may be, or nothing can be loaded now, nobody is woken, and all else works.
      .catch(() => undefined);
  }, [session]);
  useFocus(to);
  return (
    <div class="shell" data-open={to.to === "inbox" ? "inbox" : "main"}>
      <button type="button" class="skip" onClick={toMain}>
        {t.skip}
      </button>
      <Announcer />
      <ConnectionBanner />
      <InboxScreen />
      <Main to={to} />
    </div>
  );
}

function Main({ to }: { readonly to: Route }) {
  switch (to.to) {
    case "conversation":
      return <ConversationScreen key={to.id} id={to.id} seq={to.seq} />;
    case "info":
      return <ConversationInfo key={to.id} id={to.id} />;
    case "new":
      return <NewConversation />;
    case "settings":
      return <Settings {...(to.section === undefined ? {} : { section: to.section })} />;
    default:
      return (
        <main class="nothing" id="main" tabIndex={-1}>
          <p>{t.conversation.none}</p>
        </main>
      );
  }
}

/** Whoever comes back to the inbox has the focus where they left it; what is opened from there takes it. */
function useFocus(to: Route): void {
  const before = useRef<Route>(to);
  useEffect(() => {
    const last = before.current;
    before.current = to;
    if (to.to !== "inbox" || last.to === "inbox") return;
    const left = document.querySelector<HTMLElement>(`.inbox a[href="${hrefOf(entryOf(last))}"]`);
    if (left) left.focus();
    else toMain();
  }, [to]);
}

/** What was chosen in the inbox to come there. */
function entryOf(route: Route): Route {
  if ("id" in route) return { to: "conversation", id: route.id };
  return route.to === "settings" ? { to: "settings" } : route;
}

function toMain(): void {
  const target = document.querySelector<HTMLElement>("[role=main] h1, main h1, main");
  if (!target) return;
  target.tabIndex = -1;
  target.focus();
}
