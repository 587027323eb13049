/** There is no layout in these tests: a list that shows what is near has to be told how large things are. */

import { configure } from "@testing-library/dom";

const WINDOW_PX = 600;
const ROW_PX = 40;

const { HTMLElement } = globalThis as { HTMLElement?: typeof globalThis.HTMLElement };

function isLog(element: Element): boolean {
  return element.classList.contains("log");
}

function define(name: string, height: (element: HTMLElement) => number): void {
  if (!HTMLElement) return; // in Node alone there is no page
  Object.defineProperty(HTMLElement.prototype, name, {
    configurable: true,
    get(this: HTMLElement) {
      return height(this);
    },
  });
}

define("offsetHeight", (element) => (isLog(element) ? WINDOW_PX : ROW_PX));
define("clientHeight", (element) => (isLog(element) ? WINDOW_PX : ROW_PX));
define("offsetWidth", () => 800);
define("clientWidth", () => 800);
define("scrollHeight", (element) => {
  const space = element.querySelector<HTMLElement>(".space");
  return space ? Number.parseFloat(space.style.height) : ROW_PX;
});

/** As browsers do it, but at once. */
function scrollTo(this: HTMLElement, { top = 0 }: { top?: number }): void {
  this.scrollTop = Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight));
  this.dispatchEvent(new Event("scroll"));
}
if (HTMLElement) Object.assign(HTMLElement.prototype, { scrollTo });

// The whole page says less than what was looked for.
const getElementError = (message: string | null) => new Error(message?.split("\n\n")[0] ?? "");
configure({ getElementError, asyncUtilTimeout: 10_000 }); // a busy machine takes its time
