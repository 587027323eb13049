"""What the libraries of AWS and Kafka raise, whatever it is, is an outage: it is safe to come again."""

import botocore.exceptions
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaError, KafkaException

from natter.adapters.kafka import client as kafka
from natter.adapters.s3.client import Bucket
from natter.domain.errors import TooLarge, Unavailable

AWS = [
    each
    for each in vars(botocore.exceptions).values()
    if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == botocore.exceptions.__name__
]
OF_ITS_OWN_FILES = {
    "UndefinedModelAttributeError",
    "MissingServiceIdError",
    "UnsupportedTLSVersionWarning",
    "ImminentRemovalWarning",
}
"""Wrong descriptions of services, which do not pass; and warnings."""
KAFKA = [code for name, code in vars(KafkaError).items() if name.isupper() and isinstance(code, int)]

BUCKET = Bucket(lambda: pytest.fail("nothing is asked"), "files", holds="files")


class TestAws:
    def test_every_error_is_one_of_the_two_that_are_caught(self) -> None:
        others = {kind.__name__ for kind in AWS if not issubclass(kind, (BotoCoreError, ClientError))}
        assert len(AWS) > 50
        assert others == OF_ITS_OWN_FILES

    @pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "AccessDenied"])
    def test_answers_of_a_service_are_unavailable(self, code: str) -> None:
        with pytest.raises(Unavailable), BUCKET.errors():
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetObject")

    def test_an_upload_in_parts_that_failed_has_an_error_of_its_own(self) -> None:
        """Which `S3Archives` catches."""
        assert not issubclass(S3UploadFailedError, (BotoCoreError, ClientError))


class TestKafka:
    def test_there_are_some(self) -> None:
        assert {KafkaError.NOT_ENOUGH_REPLICAS, KafkaError._TRANSPORT, KafkaError._MSG_TIMED_OUT} <= set(KAFKA)

    @pytest.mark.parametrize("code", KAFKA)
    def test_every_error_is_an_outage_but_of_what_is_too_large(self, code: int) -> None:
        expected = TooLarge if code == KafkaError.MSG_SIZE_TOO_LARGE else Unavailable
        assert type(kafka._mapped(KafkaException(KafkaError(code)))) is expected

    def test_a_full_queue_is_one(self) -> None:
        assert isinstance(kafka._mapped(BufferError("Local: Queue full")), Unavailable)
