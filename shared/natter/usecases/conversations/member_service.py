from dataclasses import dataclass

from natter.usecases.conversations.change_conversation import Restyle
from natter.usecases.conversations.change_members import AddPeople, RemovePerson, SetRole
from natter.usecases.conversations.change_settings import ChangeSettings
from natter.usecases.conversations.list_members import ListMembers


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberService:
    """All that is asked of a conversation that is there over HTTP, but for what is said in it."""

    list: ListMembers
    add: AddPeople
    set_role: SetRole
    remove: RemovePerson
    restyle: Restyle
    change_settings: ChangeSettings
