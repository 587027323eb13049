from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Attributes, Resolver, Unresolvable, build_app, custom_resources

type Make = Callable[..., Resolver]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"


def function(**variables: Any) -> dict[str, Any]:
    properties = {"FunctionName": "greet", "Code": {"S3Key": "code.zip"}, "Handler": "a.b", "Runtime": "python3.13"}
    return {"Type": "AWS::Lambda::Function", "Properties": properties | {"Environment": {"Variables": variables}}}


@pytest.fixture
def made(resolver: Make) -> Resolver:
    framework = function(USER_ON_EVENT_FUNCTION_ARN={"Fn::GetAtt": ["Greet", "Arn"]})
    framework["Properties"] |= {"Runtime": "nodejs22.x", "FunctionName": "framework"}
    resources = {
        "Greet": function(TEXT={"Fn::GetAtt": ["Greeting", "Text"]}),
        "Framework": framework,
        "Greeting": {
            "Type": "Custom::Greeting",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Framework", "Arn"]}, "Name": "shop"},
        },
        "Own": {"Type": "Custom::Own", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Greet", "Arn"]}}},
    }
    return resolver({"code.zip": "code"}, main={"Resources": resources})


class TestCustomResources:
    def test_are_those_of_the_provider_framework(self, made: Resolver) -> None:
        (found,) = custom_resources(made)
        assert (found.resource.logical_id, found.on_event, found.is_complete) == ("Greeting", f"{ARN}greet", None)

    def test_others_are_listed(self, resolver: Make) -> None:
        own = {"Type": "Custom::Own", "Properties": {"ServiceToken": "arn:aws:sns:eu-west-1:123456789012:make"}}
        made = resolver(main={"Resources": {"Own": own}})
        assert build_app(made, {}).not_imitated == (("Own", "Custom::Own"),)

    def test_have_placeholders_until_all_is_settled(self, made: Resolver) -> None:
        attributes = made.lookup
        assert isinstance(attributes, Attributes)
        assert made.attribute("main", "Greeting", "Text") == "Greeting.Text is not made yet"
        attributes.settled = True
        with pytest.raises(Unresolvable, match="Greeting"):
            made.attribute("main", "Greeting", "Text")
        attributes.known["main", "Greeting"] = {"Text": "hello"}
        assert made.attribute("main", "Greeting", "Text") == "hello"
