import { useState } from "preact/hooks";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

/** Another password; every other device has to sign in again. */
export function Password() {
  const { natter, profile } = useSession();
  const [changes, setChanges] = useState(0);
  const change = async ({ current = "", next = "" }: Readonly<Record<string, string>>) => {
    await natter.call("PUT", "/v1/users/me/password", { current, new: next });
    setChanges(changes + 1); // empty fields
  };
  return (
    <>
      <Form key={changes} submit={p.save} busy={p.saving} onSubmit={change}>
        {/* So that password managers know whose it is. */}
        <input type="text" name="username" autocomplete="username" value={profile.value?.username} readOnly hidden />
        <Field label={p.password.current} name="current" type="password" autocomplete="current-password" />
        <Field
          label={p.password.next}
          name="next"
          type="password"
          autocomplete="new-password"
          hint={p.password.hint}
          minLength={10}
          maxLength={128}
        />
      </Form>
      <p role="status" class="done">
        {changes > 0 ? p.password.done : null}
      </p>
    </>
  );
}
