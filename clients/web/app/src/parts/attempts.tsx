import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { errorText } from "./errors.js";

interface Attempts {
  /** Does it, and says what came of it; whether it worked. */
  run(work: () => Promise<unknown>, done?: string): Promise<boolean>;
  /** Where it is said, to who sees and who hears. */
  readonly outcome: VNode;
  /** The same where success shows by itself. */
  readonly failure: VNode;
  readonly isBusy: boolean;
}

/** What is done when somebody asks for it, and may fail. */
export function useAttempts(): Attempts {
  const [said, setSaid] = useState<{ readonly done?: string; readonly error?: string }>({});
  const [isBusy, setBusy] = useState(false);
  const failure = (
    <p role="alert" class="error">
      {said.error}
    </p>
  );
  return {
    isBusy,
    async run(work, done) {
      setSaid({});
      setBusy(true);
      try {
        await work();
        setSaid(done === undefined ? {} : { done });
        return true;
      } catch (error) {
        setSaid({ error: errorText(error) });
        return false;
      } finally {
        setBusy(false);
      }
    },
    outcome: (
      <>
        <p role="status" class="done">
          {said.done}
        </p>
        {failure}
      </>
    ),
    failure,
  };
}
