import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../strings/index.js";

interface DialogProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What is done, and what the button says. */
  readonly action?: { readonly label: string; readonly isDangerous?: boolean; run(): void };
  onClose(): void;
}

/** A question that has to be answered first; the focus stays in it, and goes back to where it was. */
export function Dialog({ title, children, action, onClose }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => {
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          action?.run();
          onClose();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {action ? t.cancel : t.close}
          </button>
          {action ? (
            <button type="submit" class={action.isDangerous ? "dangerous" : "primary"}>
              {action.label}
            </button>
          ) : null}
        </div>
      </form>
    </dialog>
  );
}
