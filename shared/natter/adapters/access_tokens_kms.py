"""
`AccessTokens` as ES256 JWTs. The private key never leaves KMS; the public one is fetched once per environment.

Claims: `sub` user, `sid` session, `did` device, `iat`, `exp`, `iss` and `aud` natter. Header: `kid`, the key's id.
"""

import json
import threading
from typing import TYPE_CHECKING, Any

import jwt
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from jwt.algorithms import ECAlgorithm
from jwt.utils import der_to_raw_signature

from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.domain.users import Principal
from natter.ports.identity import AccessTokens

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_ISSUER = "natter"
_CLAIMS = ["sub", "sid", "did", "iat", "exp", "iss", "aud"]


class _KmsEs256(ECAlgorithm):
    """ES256 whose signatures KMS makes; verifying is PyJWT's own."""

    def __init__(self, kms: "KMSClient", key_arn: str) -> None:
        super().__init__(SHA256, SECP256R1)
        self._kms = kms
        self._key_arn = key_arn

    def prepare_key(self, key: Any) -> Any:
        return key

    def sign(self, msg: bytes, key: Any) -> bytes:  # noqa: ARG002 - the key is in KMS
        signed = self._kms.sign(
            KeyId=self._key_arn, Message=msg, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
        )  # RAW: KMS hashes up to 4,096 bytes itself; a token of ours has some 400
        return der_to_raw_signature(signed["Signature"], SECP256R1())


class KmsAccessTokens:
    def __init__(self, kms: "KMSClient", key_arn: str) -> None:
        self._kms = kms
        self._key_arn = key_arn
        self._key_id = key_arn.rsplit("/", 1)[-1]
        self._signer = jwt.PyJWS(algorithms=[])
        self._signer.register_algorithm("ES256", _KmsEs256(kms, key_arn))
        self._public_key: EllipticCurvePublicKey | None = None
        self._lock = threading.Lock()

    def issue(self, principal: Principal, *, at: int, ttl_s: int) -> str:
        claims = {
            "sub": principal.user_id,
            "sid": principal.session_id,
            "did": principal.device_id,
            "iat": at // 1000,
            "exp": at // 1000 + ttl_s,
            "iss": _ISSUER,
            "aud": _ISSUER,
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        try:
            return self._signer.encode(payload, b"", algorithm="ES256", headers={"kid": self._key_id})
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("token signer") from error

    def read(self, token: str) -> Principal:
        key = self._fetched_key()
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                audience=_ISSUER,
                issuer=_ISSUER,
                options={"require": _CLAIMS, "verify_iat": False},
            )
            return Principal(
                user_id=UserId(str(claims["sub"])),
                device_id=DeviceId(str(claims["did"])),
                session_id=SessionId(str(claims["sid"])),
            )
        except (jwt.PyJWTError, ValueError, RecursionError):  # the last two: hostile JSON in the header
            raise Unauthenticated from None

    def _fetched_key(self) -> EllipticCurvePublicKey:
        with self._lock:
            if self._public_key is None:
                try:
                    der = self._kms.get_public_key(KeyId=self._key_arn)["PublicKey"]
                except (BotoCoreError, ClientError) as error:
                    raise Unavailable("token signer") from error
                key = load_der_public_key(der)
                assert isinstance(key, EllipticCurvePublicKey)
                self._public_key = key
            return self._public_key


_: type[AccessTokens] = KmsAccessTokens
