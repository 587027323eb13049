import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface MenuItem {
  readonly label: string;
  /** Shown instead of the label: a reaction is its own picture. */
  readonly short?: string;
  readonly isDangerous?: boolean;
  onSelect(): void;
}

interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  /** What the button shows. */
  readonly children: ComponentChildren;
  /** -1: it is reached by the keys of what it belongs to. */
  readonly tabIndex?: number;
  readonly class?: string;
}

/** A button with a menu, by the keys that menus have (APG, menu button). */
export function Menu({ label, items, children, tabIndex = 0, class: className = "" }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`icon ${className}`}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        {...(isOpen ? { "aria-controls": id } : {})}
        tabIndex={tabIndex}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(true);
        }}
      >
        {children}
      </button>
      {isOpen ? <Items id={id} label={label} items={items} button={button.current} onClose={close} /> : null}
    </>
  );
}

interface ItemsProps {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly button: HTMLElement | null;
  onClose(): void;
}

function Items({ id, label, items, button, onClose }: ItemsProps) {
  const list = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const menu = list.current as HTMLDivElement;
    menu.showPopover?.();
    place(menu, button);
    entries(menu)[0]?.focus();
  }, []);
  useEffect(() => {
    const outside = (event: Event) => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !button?.contains(target)) close.current();
    };
    document.addEventListener("pointerdown", outside);
    globalThis.addEventListener("resize", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      globalThis.removeEventListener("resize", outside);
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries(list.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[
      event.key
    ];
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") onClose();
    if (to === undefined && event.key !== "Escape") return;
    event.preventDefault();
    if (to !== undefined) all.at(to % all.length)?.focus();
  };
  return (
    <div
      ref={list}
      id={id}
      role="menu"
      aria-label={label}
      popover="manual"
      class="menu"
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={`${item.short ? "short" : ""} ${item.isDangerous ? "dangerous" : ""}`}
          {...(item.short ? { "aria-label": item.label } : {})}
          onClick={() => {
            onClose();
            item.onSelect();
          }}
        >
          {item.short ?? item.label}
        </button>
      ))}
    </div>
  );
}

function entries(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}

/** Below the button, or above it; never outside of the window. */
function place(menu: HTMLElement, button: HTMLElement | null): void {
  if (!button) return;
  const from = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = from.bottom + height <= innerHeight;
  // It begins where the button does, or ends there where that leaves no room.
  const left = from.left + width < innerWidth ? from.left : from.right - width;
  menu.style.top = `${Math.max(4, below ? from.bottom : from.top - height)}px`;
  menu.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
}
