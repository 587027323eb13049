import type { ProfilePatch } from "@natter/client";
import { useAttempts } from "../../parts/attempts.js";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { Choice } from "../../parts/panel.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";

/** How others see one, and who may begin to talk to one. */
export function Profile() {
  const { natter, profile, reloadProfile } = useSession();
  const { run, outcome } = useAttempts();
  const me = profile.value;
  if (!me) return <p class="loading">{t.loading}</p>;
  const change = async (patch: ProfilePatch) => {
    await natter.call("PATCH", "/v1/users/me", patch);
    await reloadProfile();
  };
  return (
    <>
      <p>
        {p.profile.username}: <bdi>{me.username}</bdi>
      </p>
      <Form
        submit={p.save}
        busy={p.saving}
        done={p.saved}
        onSubmit={({ display_name = "" }) => change({ display_name: display_name.trim() })}
      >
        <Field
          label={p.profile.name}
          name="display_name"
          autocomplete="name"
          value={me.display_name}
          maxLength={64}
          pattern=".*\S.*"
          spellcheck
        />
      </Form>
      <Choice
        label={p.profile.contactable}
        options={p.profile.contactables}
        value={me.contactable}
        onChange={(contactable) => void run(() => change({ contactable }), p.saved)}
      />
      {outcome}
    </>
  );
}
