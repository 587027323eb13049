from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infra.config import Stage

FORECAST_PERCENT, SPENT_PERCENT = 100, 80


class Spending(Construct):
    """
    A budget for the month: the operators get a mail when it looks as if it will not be enough, and when most is spent.

    It counts all that the account costs, which is best the stage's own: costs by tag would have to be turned on by hand
    first (AWS Billing User Guide, "Activating user-defined cost allocation tags").
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Spending")
        if stage.budget_usd is None or stage.alarm_address is None:
            return
        address = budgets.CfnBudget.SubscriberProperty(address=stage.alarm_address, subscription_type="EMAIL")
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"natter-{stage.name}",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=stage.budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[address],
                )
                for kind, percent in (("FORECASTED", FORECAST_PERCENT), ("ACTUAL", SPENT_PERCENT))
            ],
        )
