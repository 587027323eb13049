"""What nobody can know before it runs on AWS: the services' own behaviour, with what to do if it is another one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Question:
    asks: str
    shown_by: tuple[str, ...] = ()
    """Checks that pass only if the answer is yes."""
    look: str = ""
    """Where the answer stands, where no check shows it. STAGE is the stage."""
    otherwise: str
    """What to do if the answer is no."""


QUESTIONS = (
    Question(
        asks="Does ElastiCache Serverless answer for all slots on its one endpoint, never with MOVED?",
        shown_by=("connect", "presence", "deliver"),
        otherwise="`MOVED` in the logs of `connect` or `persist`: take redis-py's cluster client in"
        " shared/natter/adapters/valkey/client.py (docs/decisions/0005-one-valkey-endpoint.md has what it costs).",
    ),
    Question(
        asks="Does Keyspaces take unset values in unlogged batches?",
        shown_by=("history",),
        otherwise="`InvalidRequest` in the log of `persist`: send the statements of"
        " shared/natter/adapters/cassandra/event_store.py one by one instead of in batches"
        " (docs/decisions/0008-writes-in-unlogged-batches.md); if those are refused, too, leave the columns out.",
    ),
    Question(
        asks="May a role select its keyspace, which no policy of Keyspaces speaks of (USE)?",
        shown_by=("history",),
        otherwise="`Unauthorized` at the first statement, in the log of `persist`: grant cassandra:Select on"
        " /keyspace/NAME/ itself, too (infra/blocks/tables.py).",
    ),
    Question(
        asks="Do limits by address count people, not CloudFront (prod)?",
        look="sign in with a wrong password 60 times in a minute from one address: `rate_limited`; then at once from"
        " another: `bad_credentials`",
        otherwise="the header of the edge's function does not arrive (infra/blocks/edge.py): until it does, set"
        " `limit_per_address` to False.",
    ),
    Question(
        asks="Is the HTTP API reached through its edge only (prod)?",
        look="curl https://API_ID.execute-api.REGION.amazonaws.com/v1/health is 403 (aws apigatewayv2 get-apis has the"
        " id), and aws cloudfront get-distribution-config has a WebACLId",
        otherwise="NATTER_EDGE__HOST is not in the functions' environment: `edge` of the stage in infra/config.py.",
    ),
    Question(
        asks="Do functions see the endpoint of Keyspaces in every zone (prod)?",
        look="aws ec2 describe-vpc-endpoints --query \"VpcEndpoints[?contains(ServiceName,'cassandra')]."
        '[SubnetIds,NetworkInterfaceIds]" names three of each; PerConnectionRequestRateExceeded of AWS/Cassandra'
        " stays at 0",
        otherwise="fewer than three: the endpoint's subnets in infra/stacks/network.py. Throttled with three: one"
        " connection carries 3,000 requests/s; the functions' role has to see the addresses"
        " (ec2:DescribeVpcEndpoints, ec2:DescribeNetworkInterfaces) for the driver to use more than one.",
    ),
    Question(
        asks="Does RDS Proxy share its connections, pinning none?",
        look="DatabaseConnectionsCurrentlySessionPinned of AWS/RDS is 0 while people talk",
        otherwise="the proxy's log in CloudWatch says which statement pins: keep it off the path of requests.",
    ),
    Question(
        asks="Is a message on the other's screen in less than 100 ms, warm?",
        look="the note of `deliver` above, run from the Region itself. By stage: IntegrationLatency of AWS/ApiGateway,"
        " Duration (p50) of AWS/Lambda for `send` and `persist`, LogToDelivery (p50) of Natter/STAGE",
        otherwise="`send` is slow: provisioned concurrency, Kafka's acknowledgements (ProduceTotalTimeMsMean of"
        " AWS/Kafka). LogToDelivery less the Duration of `persist` is the event source: more pollers (`pollers` in"
        " infra/config.py). `persist` is slow: SuccessfulRequestLatency of AWS/Cassandra, then its memory.",
    ),
    Question(
        asks="Does every event source read its topic?",
        look="aws lambda list-event-source-mappings --query"
        " 'EventSourceMappings[].[FunctionArn,State,LastProcessingResult]': all Enabled, none with PROBLEM",
        otherwise="PROBLEM says which: authorisation (infra/blocks/topics.py), or the way from the pollers to the"
        " brokers (security group in infra/stacks/streams.py).",
    ),
    Question(
        asks="Do Apple and Google take our credentials, and wake a phone?",
        look="register a phone with the app, close the app, write to it; the metrics of `wake` have its platform",
        otherwise="docs/deploying.md, push notifications: credentials, then `push_credentials` of the stage.",
    ),
    Question(
        asks="Does an alarm reach somebody?",
        look="aws cloudwatch set-alarm-state --alarm-name natter-STAGE-send-errors"
        " --state-value ALARM --state-reason test",
        otherwise="the address has not confirmed its subscription: aws sns list-subscriptions-by-topic shows"
        " PendingConfirmation.",
    ),
)


def lines(passed: Collection[str], *, on_aws: bool) -> Iterator[str]:
    """Each with the answer, as far as the checks that `passed` give it."""
    yield "Only AWS can answer:" if on_aws else "Only AWS can answer (this is not AWS):"
    for question in QUESTIONS:
        yield f"  {_answer(question, passed) if on_aws else '-':5} {question.asks}"
        if question.look:
            yield f"        look:   {question.look}"
        yield f"        if not: {question.otherwise}"


def _answer(question: Question, passed: Collection[str]) -> str:
    if not question.shown_by:
        return "look"
    return "yes" if set(question.shown_by) <= set(passed) else "no?"
