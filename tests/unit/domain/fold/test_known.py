from natter.domain.fold.conversation import Conversation
from natter.domain.fold.known import Wanted
from natter.domain.messages.states import MarkKey
from tests.messages import (
    ANN,
    BOB,
    KITCHEN,
    LOBBY,
    a_command,
    a_delete,
    a_head,
    a_log,
    a_post,
    a_reaction,
    an_edit,
    created,
)


def in_the_kitchen(*, at: int) -> Conversation:
    return Conversation(head=a_head(at, conversation=KITCHEN))


class TestWanted:
    def test_what_commands_point_at_is_wanted_once(self) -> None:
        batch = a_log(
            [
                a_command(a_post("m1", reply_to=3), a_post("m2")),
                a_command(an_edit("e", 3)),
                a_command(a_delete("d", 4)),
                a_command(a_reaction("r", 5, "🎉"), sender=BOB),
                a_command(a_reaction("r2", 5, "🎉"), sender=BOB),
            ]
        )
        wanted = Wanted.of(batch, {LOBBY: None})
        assert list(wanted.targets) == [(LOBBY, 3), (LOBBY, 4), (LOBBY, 5)]
        assert list(wanted.marks) == [MarkKey(conversation_id=LOBBY, target_seq=5, reaction="🎉", user_id=BOB)]
        assert [(key.sender_id, key.client_id) for key in wanted.keys] == [
            *((ANN, each) for each in ("m1", "m2", "e", "d")),
            *((BOB, each) for each in ("r", "r2")),
        ]

    def test_of_a_conversation_that_is_known_only_how_far_it_is(self) -> None:
        batch = a_log([created(), created(conversation=KITCHEN)])
        wanted = Wanted.of(batch, {LOBBY: None, KITCHEN: in_the_kitchen(at=7)})
        assert (wanted.conversations, wanted.folded) == ([LOBBY], {KITCHEN: 7})
        assert (list(wanted.targets), list(wanted.marks)) == ([], [])
