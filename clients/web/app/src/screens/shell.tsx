import { useEffect, useRef } from "preact/hooks";
import { Announcer } from "../parts/announcer.js";
import { ConnectionBanner } from "../parts/banner.js";
import { keepApp } from "../state/offline.js";
import { type Route, route } from "../state/route.js";
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

/** Where one goes, the focus goes: into what was opened, and back to where one came from. */
function useFocus(to: Route): void {
  const before = useRef<Route>(to);
  useEffect(() => {
    const last = before.current;
    before.current = to;
    if (last === to) return;
    if (to.to === "inbox" && "id" in last) {
      document.querySelector<HTMLElement>(`.inbox a[href="#/c/${last.id}"]`)?.focus();
    } else if (to.to !== "conversation") whenLoaded(toMain);
  }, [to]);
}

const PATIENCE_MS = 5000;

/** A screen that is loaded first has its heading later. */
function whenLoaded(then: () => void): void {
  const began = route.peek();
  const until = performance.now() + PATIENCE_MS;
  const look = () => {
    if (route.peek() !== began || performance.now() > until) return;
    if (document.querySelector("main h1")) then();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function toMain(): void {
  const target = document.querySelector<HTMLElement>("[role=main] h1, main h1, main");
  if (!target) return;
  target.tabIndex = -1;
  target.focus();
}
