from dataclasses import dataclass

from natter.ports.identity import TokenKeys
from natter.ports.limits import RateLimits
from natter.usecases.ask_for_export import AskForExport
from natter.usecases.authenticate import Authenticate
from natter.usecases.change_password import ChangePassword
from natter.usecases.change_profile import ChangeProfile
from natter.usecases.end_session import EndOwnSession
from natter.usecases.erase_self import EraseSelf, EraseSelfByProvider
from natter.usecases.find_users import FindUsers
from natter.usecases.issue_ticket import IssueTicket
from natter.usecases.keep_blocks import KeepBlocks
from natter.usecases.keep_contacts import KeepContacts
from natter.usecases.keep_devices import KeepDevices
from natter.usecases.list_sessions import ListSessions
from natter.usecases.read_presence import ReadPresence
from natter.usecases.refresh_session import RefreshSession
from natter.usecases.sign_in import SignIn
from natter.usecases.sign_in_by_provider import SignInByProvider
from natter.usecases.sign_up import SignUp


@dataclass(frozen=True, kw_only=True)
class UserService:
    """All that the user service does over HTTP."""

    authenticate: Authenticate
    limits: RateLimits
    sign_up: SignUp
    sign_in: SignIn
    sign_in_by_provider: SignInByProvider | None
    """Where there is one, nobody signs up or in by password."""
    refresh_session: RefreshSession
    list_sessions: ListSessions
    end_session: EndOwnSession
    issue_ticket: IssueTicket
    token_keys: TokenKeys
    find_users: FindUsers
    change_profile: ChangeProfile
    change_password: ChangePassword
    ask_for_export: AskForExport
    erase_self: EraseSelf
    erase_self_by_provider: EraseSelfByProvider | None
    contacts: KeepContacts
    blocks: KeepBlocks
    devices: KeepDevices
    read_presence: ReadPresence
