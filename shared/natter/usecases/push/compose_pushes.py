"""What devices are woken with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.attachments import attachment_of
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.push.waking import Message, Reachable
from natter.domain.push.wording import Push, body, gathered, title
from natter.ports.attachments import Attachments
from natter.ports.push import Reachables
from natter.ports.reading import Timeline
from natter.usecases.reading.show_events import ShowEvents
from natter.usecases.reading.view_conversations import ReadHeads


@dataclass(frozen=True, kw_only=True, slots=True)
class ToPush:
    """A push that is to be composed."""

    message: Message
    user_id: UserId
    reachable: Reachable
    count: int = 1
    """Messages that it stands for."""


@dataclass(frozen=True, kw_only=True)
class ComposePushes:
    """
    Compose pushes from what their messages say by now.

    Raises:
        Unavailable: a store did not answer in time.
    """

    reachables: Reachables
    timeline: Timeline
    heads: ReadHeads
    show: ShowEvents
    attachments: Attachments
    count_unread: Callable[[UserId], int]

    def __call__(self, wanted: Sequence[ToPush]) -> Sequence[Push | None]:
        """One each, in their order; None where nothing is left to tell: the message, or its author, is gone."""
        names = self.reachables.names({each.message.sender_id for each in wanted})
        messages = {(each.message.conversation_id, each.message.seq): each.message for each in wanted}
        said = self._said(list(messages.values()))
        badges = {user: self.count_unread(user) for user in {each.user_id for each in wanted}}
        kinds: dict[tuple[ConversationId, int], str | None] = {}
        pushes: list[Push | None] = []
        for each in wanted:
            place = each.message.conversation_id, each.message.seq
            name, event = names.get(each.message.sender_id), said.get(place)
            if name is None or (event is None and each.count == 1):
                pushes.append(None)
            elif event is None or each.count > 1:
                pushes.append(_push(each, name, gathered(each.count), badges[each.user_id]))
            else:
                if place not in kinds:
                    kinds[place] = self._content_type(event)
                content, previews = event.payload["content"], each.reachable.notifications.previews
                says = body(content, previews=previews, content_type=kinds[place])
                pushes.append(_push(each, name, says, badges[each.user_id]))
        return pushes

    def _said(self, messages: Sequence[Message]) -> Mapping[tuple[ConversationId, int], Event]:
        """The messages as they are by now, but those that are gone."""
        found = self.timeline.events_at([(each.conversation_id, each.seq) for each in messages])
        heads = self.heads(list(dict.fromkeys(each.conversation_id for each in messages)))
        said: dict[tuple[ConversationId, int], Event] = {}
        for message in messages:
            place = message.conversation_id, message.seq
            event, head = found.get(place), heads.get(message.conversation_id)
            if event is not None and head is not None:
                (shown,) = self._shown(message, event, head)
                if "content" in shown.payload:
                    said[place] = shown
        return said

    def _shown(self, message: Message, event: Event, head: Head) -> Sequence[Event]:
        return self.show(message.sender_id, message.conversation_id, [event], state_seq=head.seq)

    def _content_type(self, event: Event) -> str | None:
        """Of the file that it shows without a word. A file that is slow to tell is a file."""
        attachment = attachment_of(event)
        if attachment is None or event.payload["content"].get("text"):
            return None
        try:
            found = self.attachments.link(event.conversation_id, event.sender_id, attachment)
        except Unavailable:
            return None
        return None if found is None else found.content_type


def _push(each: ToPush, name: str, says: str, badge: int) -> Push:
    wishes = each.reachable
    return Push(
        conversation_id=each.message.conversation_id,
        seq=each.message.seq,
        kind=wishes.kind,
        title=title(name, wishes.title if wishes.kind == "group" else None),
        body=says,
        badge=max(1, badge),
    )
