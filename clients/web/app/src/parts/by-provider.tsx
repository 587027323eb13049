import { useState } from "preact/hooks";
import { useConfig } from "../state/config.js";
import { t } from "../strings/index.js";

interface ProviderProps {
  readonly label: string;
  /** Somebody who is signed in proves once more who they are. */
  readonly isProof?: boolean;
  readonly hasFailed: boolean;
}

/** Leaves for the organisation's own sign-in. */
export function ByProvider({ label, isProof = false, hasFailed }: ProviderProps) {
  const config = useConfig();
  const [failed, setFailed] = useState(hasFailed);
  const begin = async () => {
    setFailed(false);
    try {
      const { begin } = await import("../auth/oidc.js");
      await begin(config, { isProof });
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <button type="button" class={isProof ? "" : "primary"} onClick={begin}>
        {label}
      </button>
      <p role="alert" class="error">
        {failed ? t.signIn.providerFailed : null}
      </p>
    </>
  );
}
