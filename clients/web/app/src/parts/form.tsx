import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { errorText } from "./errors.js";

interface FormProps {
  readonly submit: string;
  readonly busy: string;
  /** What is filled in; what it throws is shown. */
  onSubmit(fields: Readonly<Record<string, string>>): Promise<void>;
  readonly children: ComponentChildren;
}

/** A form that is sent once at a time, and tells what went wrong. */
export function Form({ submit, busy, onSubmit, children }: FormProps) {
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const alert = useRef<HTMLParagraphElement>(null);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const fields = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(fields);
    } catch (failure) {
      setError(errorText(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={send} aria-busy={isBusy}>
      {children}
      <p role="alert" class="error" ref={alert}>
        {error}
      </p>
      {/* Not disabled while it is busy: the focus would be lost. */}
      <button type="submit" class="primary" aria-disabled={isBusy}>
        {isBusy ? busy : submit}
      </button>
    </form>
  );
}
