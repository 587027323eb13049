import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { Panel } from "../../parts/panel.js";
import { PeoplePicker } from "../../parts/people-picker.js";
import type { Person } from "../../state/people.js";
import { go } from "../../state/route.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";

/** Begins a conversation with somebody, or a group. */
export default function NewConversation() {
  const [isGroup, setGroup] = useState(false);
  return (
    <Panel title={t.inbox.start} back="#/">
      <fieldset>
        <legend>{p.start.kind}</legend>
        <label class="check">
          <input type="radio" name="kind" checked={!isGroup} onChange={() => setGroup(false)} />
          {p.start.direct}
        </label>
        <label class="check">
          <input type="radio" name="kind" checked={isGroup} onChange={() => setGroup(true)} />
          {p.start.group}
        </label>
      </fieldset>
      {isGroup ? <NewGroup /> : <NewDirect />}
    </Panel>
  );
}

function NewDirect() {
  const { natter, inbox } = useSession();
  const nobody = useSignal<readonly Person[]>([]);
  const { run, outcome } = useAttempts();
  const begin = (person: Person) =>
    run(async () => {
      const { id } = await natter.direct(person.user_id);
      await inbox.learn(id);
      go({ to: "conversation", id });
    });
  return (
    <>
      {outcome}
      <PeoplePicker chosen={nobody} onOne={(person) => void begin(person)} />
    </>
  );
}

function NewGroup() {
  const { natter, inbox } = useSession();
  const chosen = useSignal<readonly Person[]>([]);
  // The same group, however often it is asked for.
  const [conversation_id] = useState(() => crypto.randomUUID());
  const begin = async ({ title = "" }: Readonly<Record<string, string>>) => {
    const members = chosen.peek().map((each) => each.user_id);
    const { id } = await natter.group(title.trim(), members, { conversation_id });
    await inbox.learn(id);
    go({ to: "conversation", id });
  };
  return (
    <Form submit={p.start.submit} busy={p.start.busy} onSubmit={begin}>
      <Field label={p.start.title} name="title" maxLength={100} pattern=".*\S.*" spellcheck />
      <PeoplePicker chosen={chosen} />
    </Form>
  );
}
