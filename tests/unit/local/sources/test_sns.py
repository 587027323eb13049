import json

from local.sources.sns import endpoint, event

MESSAGE = {
    "Type": "Notification",
    "MessageId": "m1",
    "TopicArn": "arn:aws:sns:eu-west-1:1:news",
    "Message": "open",
    "Timestamp": "2027-01-01T00:00:00.000Z",
    "SignatureVersion": "1",
    "Signature": "s",
    "SigningCertURL": "https://cert",
    "UnsubscribeURL": "https://unsubscribe",
}


class TestEvent:
    def test_is_that_of_sns(self) -> None:
        (record,) = json.loads(event(MESSAGE, subscription_arn="arn:s"))["Records"]
        notification = record.pop("Sns")
        assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:s"}
        assert notification == {
            "Type": "Notification",
            "MessageId": "m1",
            "TopicArn": "arn:aws:sns:eu-west-1:1:news",
            "Subject": None,
            "Message": "open",
            "Timestamp": "2027-01-01T00:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "s",
            "SigningCertUrl": "https://cert",
            "UnsubscribeUrl": "https://unsubscribe",
            "MessageAttributes": {},
        }

    def test_keeps_subject_and_attributes(self) -> None:
        attributes = {"kind": {"Type": "String", "Value": "a"}}
        message = MESSAGE | {"Subject": "s", "MessageAttributes": attributes}
        (record,) = json.loads(event(message, subscription_arn=""))["Records"]
        assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == ("s", attributes)


class TestEndpoint:
    def test_holds_the_functions_arn(self) -> None:
        arn = "arn:aws:lambda:eu-west-1:1:function:report"
        assert endpoint(7000, arn) == "http://127.0.0.1:7000/sns/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Areport"
