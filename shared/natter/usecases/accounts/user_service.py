from dataclasses import dataclass

from natter.ports.accounts import TokenKeys
from natter.ports.limits import RateLimits
from natter.usecases.accounts.authenticate import Authenticate
from natter.usecases.accounts.change_password import ChangePassword
from natter.usecases.accounts.change_profile import ChangeProfile
from natter.usecases.accounts.end_session import EndOwnSession
from natter.usecases.accounts.find_users import FindUsers
from natter.usecases.accounts.issue_ticket import IssueTicket
from natter.usecases.accounts.keep_blocks import KeepBlocks
from natter.usecases.accounts.keep_contacts import KeepContacts
from natter.usecases.accounts.keep_devices import KeepDevices
from natter.usecases.accounts.list_sessions import ListSessions
from natter.usecases.accounts.refresh_session import RefreshSession
from natter.usecases.accounts.sign_in import SignIn
from natter.usecases.accounts.sign_in_by_provider import SignInByProvider
from natter.usecases.accounts.sign_up import SignUp
from natter.usecases.presence.read_presence import ReadPresence
from natter.usecases.privacy.ask_for_export import AskForExport
from natter.usecases.privacy.erase_self import EraseSelf, EraseSelfByProvider


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
