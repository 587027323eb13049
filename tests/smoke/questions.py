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
    Question(
        asks="Do figures of alarms come within three minutes, and does FILL make some where there never were any?",
        look="aws cloudwatch describe-alarms --alarm-names natter-STAGE-fanout-lag natter-STAGE-send-fast-5m --query"
        " 'MetricAlarms[].[StateValue,StateReason]': OK for datapoints that are zeros, not for missing ones; the"
        " console's graph of SumOffsetLag (AWS/Kafka) ends no earlier than three minutes ago",
        otherwise="later figures: LATE_MINUTES in infra/operations/log.py. No datapoints: what FILL is of has to be"
        " there, so have the functions say 0 (infra/operations).",
    ),
    Question(
        asks="Does SQS name the queue to KMS whatever it does with it, also where dead letters are put back?",
        look="KMS.AccessDeniedException is in no function's log; what was put back (docs/runbooks/queues.md) is done",
        otherwise="kms:ViaService instead of the encryption context, in `_allow` of infra/blocks/queue.py.",
    ),
    Question(
        asks="Is RDS Proxy let in at the endpoint of Secrets Manager (prod)?",
        look="aws rds describe-db-proxy-targets --db-proxy-name PROXY: all AVAILABLE",
        otherwise="AUTH_FAILURE: its group's rule at that endpoint (infra/blocks/database.py).",
    ),
    Question(
        asks="Does X-Ray take traces in JSON, with the rights that functions have?",
        look="SpansLost of Natter/STAGE stays at 0; the log group aws/spans has some",
        otherwise="the functions' logs have the status. 403: EXPORT in infra/stacks/functions.py; 400 or 415:"
        " shared/natter/adapters/otlp; any, as long as the account keeps no spans (docs/deploying.md, traces).",
    ),
    Question(
        asks="Does a push come as far as the visitors' sink?",
        look="VisitTime of Natter/STAGE has the leg `push`, of which VisitFailures stays at 0",
        otherwise="integration.error in the access log of the API natter-STAGE-sink: its role, or the parameters of"
        " SQS-SendMessage (infra/blocks/push_sink.py). Nothing there: NATTER_WEB_PUSH__HOSTS of `wake`.",
    ),
    Question(
        asks="Are the distribution and its certificate seen where their alarms are (prod)?",
        look="aws cloudwatch describe-alarms --region us-east-1 --alarm-name-prefix natter-STAGE-edge --query"
        " 'MetricAlarms[].[AlarmName,StateValue,StateReason]': both OK, with a datapoint",
        otherwise="compare the dimensions with aws cloudwatch list-metrics --region us-east-1 (infra/stacks/edge.py).",
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
