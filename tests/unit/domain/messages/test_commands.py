import pytest

from natter.domain.conversations.members import Member
from natter.domain.ids import ClientId
from natter.domain.messages.commands import (
    OUTBOX,
    AddMembers,
    ChangeConversation,
    ChangeRole,
    CreateConversation,
    EraseMember,
    Item,
    RemoveMember,
)
from tests.messages import ANN, BOB, a_command, a_delete, a_log, a_post, a_reaction, an_edit, created, text

ID = ClientId("c")
MEMBERS = (Member(user_id=ANN, role="owner"), Member(user_id=BOB, role="member"))
ROLES = [{"user_id": ANN, "role": "owner"}, {"user_id": BOB, "role": "member"}]
HELLO = {"content": text("hello")}
PAYLOADS: list[tuple[Item, object]] = [
    (CreateConversation(client_id=ID, kind="direct", members=MEMBERS), {"kind": "direct", "members": ROLES}),
    (
        CreateConversation(client_id=ID, kind="group", members=MEMBERS, title=""),
        {"kind": "group", "title": "", "members": ROLES},
    ),
    (a_post("c"), HELLO),
    (a_post("c", reply_to=0, mentions=(ANN, BOB)), {**HELLO, "reply_to": 0, "mentions": [ANN, BOB]}),
    (an_edit("c", 2, "hello"), {**HELLO, "target_seq": 2}),
    (a_delete("c", 2), {"target_seq": 2}),
    (a_reaction("c", 2, "+1"), {"target_seq": 2, "reaction": "+1"}),
    (a_reaction("c", 2, "+1", remove=True), {"target_seq": 2, "reaction": "+1", "removed": True}),
    (AddMembers(client_id=ID, members=MEMBERS), {"members": ROLES}),
    (RemoveMember(client_id=ID, user_id=ANN), {"user_id": ANN}),
    (ChangeRole(client_id=ID, user_id=ANN, role="admin"), {"user_id": ANN, "role": "admin"}),
    (ChangeConversation(client_id=ID, changes={"title": None}), {"title": None}),
    (EraseMember(client_id=ID, user_id=ANN), {"user_id": ANN}),
]


class TestItems:
    @pytest.mark.parametrize(("item", "payload"), PAYLOADS, ids=str)
    def test_become_the_fields_of_their_event(self, item: Item, payload: object) -> None:
        assert item.payload() == payload


class TestCommand:
    def test_nobody_can_spend_the_ids_of_what_was_decided(self) -> None:
        """P3."""
        assert a_command(a_post("c"), sender=ANN).spender == ANN
        assert created().spender == OUTBOX != ANN


class TestRecord:
    def test_positions_compare_by_epoch_first(self) -> None:
        old, new = a_log([created(), created()], first=7)
        assert old.position < new.position < (old.epoch + 1, 0)
