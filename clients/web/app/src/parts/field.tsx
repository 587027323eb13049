import { useId, useState } from "preact/hooks";
import { t } from "../strings/index.js";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly hint?: string;
  readonly autocomplete?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly value?: string;
  readonly required?: boolean;
  readonly spellcheck?: boolean;
  readonly type?: "text" | "password";
}

/** A labelled line to fill in, with what is to be known of it. */
export function Field({ label, hint, required = true, spellcheck = false, type = "text", ...rest }: FieldProps) {
  const id = useId();
  const [isShown, setShown] = useState(false);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...rest}
        id={id}
        type={(isShown ? "text" : type) as "text"}
        required={required}
        spellcheck={spellcheck}
        autocapitalize={spellcheck ? "sentences" : "none"}
        dir="auto"
        {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
      />
      {hint ? (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      ) : null}
      {type === "password" ? (
        <label class="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />
          {t.showPassword}
        </label>
      ) : null}
    </div>
  );
}
