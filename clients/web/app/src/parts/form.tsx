import type { ComponentChildren } from "preact";
import { useAttempts } from "./attempts.js";

interface FormProps {
  readonly submit: string;
  readonly busy: string;
  /** Said when it was done, where one stays. */
  readonly done?: string;
  /** What is filled in; what it throws is shown. */
  onSubmit(fields: Readonly<Record<string, string>>): Promise<void>;
  readonly children: ComponentChildren;
}

/** A form that is sent once at a time, and tells what went wrong. */
export function Form({ submit, busy, done, onSubmit, children }: FormProps) {
  const { run, outcome, failure, isBusy } = useAttempts();
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const fields = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    void run(() => onSubmit(fields), done);
  };
  return (
    <form onSubmit={send} aria-busy={isBusy}>
      {children}
      {done === undefined ? failure : outcome}
      {/* Not disabled while it is busy: the focus would be lost. */}
      <button type="submit" class="primary" aria-disabled={isBusy}>
        {isBusy ? busy : submit}
      </button>
    </form>
  );
}
