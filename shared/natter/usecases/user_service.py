from dataclasses import dataclass

from natter.ports.limits import RateLimits
from natter.usecases.authenticate import Authenticate
from natter.usecases.end_session import EndOwnSession
from natter.usecases.find_users import FindUsers
from natter.usecases.issue_ticket import IssueTicket
from natter.usecases.list_sessions import ListSessions
from natter.usecases.refresh_session import RefreshSession
from natter.usecases.sign_in import SignIn
from natter.usecases.sign_up import SignUp


@dataclass(frozen=True, kw_only=True)
class UserService:
    """All that the user service does over HTTP."""

    authenticate: Authenticate
    limits: RateLimits
    sign_up: SignUp
    sign_in: SignIn
    refresh_session: RefreshSession
    list_sessions: ListSessions
    end_session: EndOwnSession
    issue_ticket: IssueTicket
    find_users: FindUsers
