import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { useSession } from "../state/session.js";
import { isOutdated } from "../state/updates.js";
import { t } from "../strings/index.js";
import { useKeptFocus } from "./focus.js";

/** Short breaks are nobody's concern. */
const PATIENCE_MS = 2000;
const BACK_MS = 3000;

/** How the connection really is, where it is not as it should be. */
export function ConnectionBanner() {
  const { connection, isUnkept, natter } = useSession();
  const { state, retry_at } = connection.value;
  const isShown = useSignal(false);
  const isBack = useSignal(false);
  const isAnything = isShown.value || isBack.value || isUnkept.value || isOutdated.value;
  const isOpen = state === "open";
  const self = useRef<HTMLDivElement>(null);
  useKeptFocus(self, () => document.querySelector<HTMLElement>(".composer textarea, main h1, main")?.focus());
  useEffect(() => {
    if (!isOpen) {
      isBack.value = false;
      const timer = setTimeout(() => {
        isShown.value = true;
      }, PATIENCE_MS);
      return () => clearTimeout(timer);
    }
    if (!isShown.peek()) return undefined;
    isShown.value = false;
    isBack.value = true;
    const timer = setTimeout(() => {
      isBack.value = false;
    }, BACK_MS);
    return () => clearTimeout(timer);
  }, [isOpen]);
  return (
    <div class="banners" ref={self}>
      {/* The seconds are not announced: only what the matter is. */}
      <div role="status" class="banner" hidden={!isAnything}>
        {isUnkept.value ? <p>{t.banner.unkept}</p> : null}
        {isOutdated.value ? (
          <p>
            {t.banner.update}{" "}
            <button type="button" onClick={() => location.reload()}>
              {t.banner.reload}
            </button>
          </p>
        ) : null}
        {isBack.value ? <p>{t.banner.back}</p> : null}
        {isShown.value ? <Trouble retryAt={state === "waiting" ? retry_at : undefined} /> : null}
        {isShown.value && state === "waiting" ? (
          <button type="button" onClick={() => natter.connect()}>
            {t.banner.tryNow}
          </button>
        ) : null}
      </div>
    </div>
  );
}

function Trouble({ retryAt }: { readonly retryAt: number | undefined }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [retryAt]);
  if (!navigator.onLine) return <p>{t.banner.offline}</p>;
  if (retryAt === undefined) return <p>{t.banner.connecting}</p>;
  return (
    <p>
      {t.banner.waiting}
      <span aria-hidden="true"> {t.banner.seconds(Math.max(0, Math.ceil((retryAt - now) / 1000)))}</span>
    </p>
  );
}
