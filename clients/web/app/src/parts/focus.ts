import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Where in a container the focus was is gone from the page: it goes where `fallback` puts it, not to the beginning. */
export function useKeptFocus(container: RefObject<HTMLElement | null>, fallback: (last: HTMLElement) => void): void {
  const then = useRef(fallback);
  then.current = fallback;
  useEffect(() => {
    const element = container.current;
    if (!element) return undefined;
    let last: HTMLElement | undefined;
    const onFocusIn = ({ target }: FocusEvent) => {
      last = target as HTMLElement;
    };
    // Browsers differ in whether they tell of a focus that went with its element.
    const onFocusOut = () =>
      queueMicrotask(() => {
        if (last?.isConnected && last !== document.activeElement) last = undefined;
      });
    const observer = new MutationObserver(() => {
      if (!last || last.isConnected) return;
      const lost = last;
      last = undefined;
      if (document.activeElement === null || document.activeElement === document.body) then.current(lost);
    });
    observer.observe(element, { childList: true, subtree: true });
    element.addEventListener("focusin", onFocusIn);
    element.addEventListener("focusout", onFocusOut);
    return () => {
      observer.disconnect();
      element.removeEventListener("focusin", onFocusIn);
      element.removeEventListener("focusout", onFocusOut);
    };
  }, [container]);
}
