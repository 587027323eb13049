from aws_cdk import Duration, Environment, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.blocks.firewall import DISTRIBUTION, REGION, parameter
from infra.config import Edge, Stage
from infra.operations.alarms import Alarms, Because, metric

MOST_FAILING_PERCENT = 1
FEWEST_DAYS_LEFT = 30
"""ACM renews by itself what it can from 60 days before the end on, and tries until it succeeds."""
DAY = Duration.days(1)


class EdgeStack(Stack):
    """
    Alarms on the distribution and on its certificate, in us-east-1: CloudFront's metrics are nowhere else.

    After the services, which make the distribution and say here, in a parameter, which it is. They tell the topic of
    the firewall's alarm.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, edge: Edge, alarms: Alarms) -> None:
        super().__init__(scope, id_, env=Environment(region=REGION))
        within = alarms.within(self)
        distribution = ssm.StringParameter.value_for_string_parameter(self, parameter(stage, of=DISTRIBUTION))
        within.ticket(
            "edge-5xx",
            metric(
                "AWS/CloudFront",
                "5xxErrorRate",
                {"DistributionId": distribution, "Region": "Global"},
                statistic="avg",
            ),
            Because(
                why=f"Of CloudFront's answers {MOST_FAILING_PERCENT} % are 5xx for five minutes, its own or the API's",
                felt="that something does not work, and try again",
                runbook="edge#cloudfront-answers-with-5xx",
            ),
            above=MOST_FAILING_PERCENT,
            minutes=5,
        )
        within.ticket(
            "edge-certificate",
            metric(
                "AWS/CertificateManager",
                "DaysToExpiry",
                {"CertificateArn": edge.certificate_arn},
                statistic="min",
                period=DAY,
            ),
            Because(
                why=f"The certificate of {edge.host} ends within {FEWEST_DAYS_LEFT} days, or has ended",
                felt="nothing yet; then they reach nothing over HTTP",
                runbook="edge#the-certificate-ends",
            ),
            below=FEWEST_DAYS_LEFT,
            silence_is_bad=True,  # of one that has ended nothing is reported any more
        )
