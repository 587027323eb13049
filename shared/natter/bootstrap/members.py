"""Puts together what changes conversations that are there."""

import boto3

from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.connections import ValkeyConnections
from natter.bootstrap.common import aws_credentials, now_ms
from natter.domain.ids import new_id
from natter.ports.conversations import Admission, Conversations
from natter.ports.messages import CommandLog
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.change_conversation import Restyle
from natter.usecases.conversations.change_members import AddPeople, RemovePerson, SetRole
from natter.usecases.conversations.change_settings import ChangeSettings
from natter.usecases.conversations.list_members import ListMembers
from natter.usecases.conversations.member_service import MemberService
from natter.usecases.delivery.tell import Tell
from natter.wire.json_frames import JsonFrames


def member_service(conversations: Conversations, admission: Admission, log: CommandLog, cache: Valkey) -> MemberService:
    announce = Announce(conversations=conversations, admission=admission, log=log)
    aws = boto3.Session()
    return MemberService(
        list=ListMembers(conversations=conversations, admission=admission),
        add=AddPeople(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms),
        set_role=SetRole(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms),
        remove=RemovePerson(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms),
        restyle=Restyle(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms),
        change_settings=ChangeSettings(
            conversations=conversations,
            tell=Tell(
                connections=ValkeyConnections(cache, now_ms),
                gateway=ApiGateway(aws_credentials(aws), aws.region_name),
                now_ms=now_ms,
            ),
            frames=JsonFrames(),
        ),
    )
