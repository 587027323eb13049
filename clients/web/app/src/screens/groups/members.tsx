import type { MemberItem } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Avatar } from "../../parts/avatar.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { Icon } from "../../parts/icons.js";
import { Menu, type MenuItem } from "../../parts/menu.js";
import { nameOf } from "../../parts/names.js";
import { PeoplePicker } from "../../parts/people-picker.js";
import type { Summary } from "../../state/inbox.js";
import { forgetMembers, membersOf } from "../../state/members.js";
import type { Person } from "../../state/people.js";
import { go } from "../../state/route.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

type Asked = { readonly what: "remove"; readonly member: MemberItem } | { readonly what: "leave" };

/** Who is in a group, and what one may do about that. */
export function GroupSection({ of }: { readonly of: Summary }) {
  const session = useSession();
  const { natter, inbox, me } = session;
  const id = of.conversation_id;
  const path = `/v1/conversations/${id}/members`;
  const members = useSignal<readonly MemberItem[]>([]);
  const [asked, setAsked] = useState<Asked>();
  const [isAdding, setAdding] = useState(false);
  const { run, outcome } = useAttempts();
  const { run: read, failure: unread } = useAttempts();
  const runs = of.role === "owner" || of.role === "admin";
  const load = async () => {
    forgetMembers(session, id);
    members.value = await membersOf(session, id);
  };
  useEffect(() => void read(load), [id, of.member_count]);
  const change = (work: () => Promise<unknown>) =>
    void run(async () => {
      await work();
      await inbox.learn(id); // how many they are: where that has changed, they are read again
    }, p.info.changed);
  const role = (member: MemberItem, to: string) => () =>
    change(async () => {
      await natter.call("PUT", `${path}/${member.user_id}`, { role: to });
      await load();
    });
  const leave = () =>
    run(async () => {
      await natter.call("DELETE", `${path}/${me}`);
      inbox.forget(id);
      go({ to: "inbox" });
    });
  return (
    <section>
      {runs ? <Rename of={of} /> : null}
      <h2>{p.info.members}</h2>
      {runs ? (
        <button type="button" aria-expanded={isAdding} onClick={() => setAdding(!isAdding)}>
          {p.info.add}
        </button>
      ) : null}
      {isAdding ? <Adding id={id} members={members.value} onDone={() => change(async () => setAdding(false))} /> : null}
      {outcome}
      {unread}
      <ul class="people">
        {members.value.map((each) => (
          <li key={each.user_id}>
            <Avatar id={each.user_id} name={each.display_name} />
            <span class="names">
              <bdi>{each.user_id === me ? nameOf(session, me) : each.display_name}</bdi>
              <small class="hint">{p.info.roles[each.role]}</small>
            </span>
            <MemberMenu
              of={each}
              items={actions(of.role, each, me, role, () => setAsked({ what: "remove", member: each }))}
            />
          </li>
        ))}
      </ul>
      <button type="button" class="dangerous" onClick={() => setAsked({ what: "leave" })}>
        {p.info.leave}
      </button>
      {asked?.what === "leave" ? (
        <Dialog
          title={p.info.confirmLeave}
          action={{ label: p.info.leave, isDangerous: true, run: () => void leave() }}
          onClose={() => setAsked(undefined)}
        >
          <p>{p.info.leaveMeans}</p>
        </Dialog>
      ) : null}
      {asked?.what === "remove" ? (
        <Dialog
          title={p.info.confirmRemove(asked.member.display_name)}
          action={{
            label: p.info.remove,
            isDangerous: true,
            run: () => change(() => natter.call("DELETE", `${path}/${asked.member.user_id}`)),
          }}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
    </section>
  );
}

/** As the protocol has it: admins remove members, owners do anything, everybody may step down. */
export function actions(
  mine: string,
  member: MemberItem,
  me: string,
  role: (member: MemberItem, to: string) => () => void,
  onRemove: () => void,
): MenuItem[] {
  const isOwner = mine === "owner";
  const items: MenuItem[] = [];
  if (isOwner && member.role !== "owner") {
    items.push({ label: p.info.makeOwner, onSelect: role(member, "owner") });
  }
  if (isOwner && member.role !== "admin") items.push({ label: p.info.makeAdmin, onSelect: role(member, "admin") });
  if (member.role !== "member" && (isOwner || member.user_id === me)) {
    items.push({ label: p.info.makeMember, onSelect: role(member, "member") });
  }
  if (member.user_id !== me && (isOwner || (mine === "admin" && member.role === "member"))) {
    items.push({ label: p.info.remove, isDangerous: true, onSelect: onRemove });
  }
  return items;
}

function MemberMenu({ of, items }: { readonly of: MemberItem; readonly items: readonly MenuItem[] }) {
  if (items.length === 0) return null;
  return (
    <Menu label={p.info.actions(of.display_name)} items={items}>
      <Icon of="more" />
    </Menu>
  );
}

function Rename({ of }: { readonly of: Summary }) {
  const { natter, inbox } = useSession();
  const rename = async ({ title = "" }: Readonly<Record<string, string>>) => {
    await natter.call("PATCH", `/v1/conversations/${of.conversation_id}`, { title: title.trim() });
    await inbox.learn(of.conversation_id);
  };
  return (
    <Form submit={p.save} busy={p.saving} onSubmit={rename}>
      <Field label={p.info.rename} name="title" value={of.title ?? ""} maxLength={100} pattern=".*\S.*" spellcheck />
    </Form>
  );
}

interface AddingProps {
  readonly id: string;
  readonly members: readonly MemberItem[];
  onDone(): void;
}

function Adding({ id, members, onDone }: AddingProps) {
  const { natter } = useSession();
  const chosen = useSignal<readonly Person[]>([]);
  const add = async () => {
    const user_ids = chosen.peek().map((each) => each.user_id);
    if (user_ids.length > 0) await natter.call("POST", `/v1/conversations/${id}/members`, { user_ids });
    onDone();
  };
  return (
    <Form submit={p.info.addSubmit} busy={p.info.addBusy} onSubmit={add}>
      <PeoplePicker chosen={chosen} without={new Set(members.map((each) => each.user_id))} />
    </Form>
  );
}
