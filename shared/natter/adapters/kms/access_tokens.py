"""
`AccessTokens` as ES256 JWTs. Private keys never leave KMS; public ones are fetched once per environment.

Claims: `sub` user, `sid` session, `did` device, `iat`, `exp`, `iss` and `aud` natter. Header: `kid`, the key's id.
Several keys overlap while one takes another's place: the first signs, and what any of them signed is accepted.
"""

import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jwt
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from jwt.algorithms import ECAlgorithm
from jwt.utils import der_to_raw_signature

from natter.domain.accounts.credentials import PublicKey
from natter.domain.accounts.users import Principal
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.ports.accounts import AccessTokens, TokenKeys

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
    def __init__(self, kms: "KMSClient", key_arns: Sequence[str]) -> None:
        """`key_arns`: of every key whose tokens are accepted; the first one signs."""
        self._kms = kms
        self._key_arns = {_key_id(arn): arn for arn in key_arns}
        self._signing_id = _key_id(key_arns[0])
        self._signer = jwt.PyJWS(algorithms=[])
        self._signer.register_algorithm("ES256", _KmsEs256(kms, key_arns[0]))
        self._fetched: dict[str, EllipticCurvePublicKey] = {}
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
            return self._signer.encode(payload, b"", algorithm="ES256", headers={"kid": self._signing_id})
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("token signer") from error

    def read(self, token: str) -> Principal:
        try:
            claims = jwt.decode(
                token,
                self._public_key(jwt.get_unverified_header(token).get("kid")),
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

    def public_keys(self) -> Sequence[PublicKey]:
        keys = {key_id: ECAlgorithm.to_jwk(self._public_key(key_id), as_dict=True) for key_id in self._key_arns}
        return [PublicKey(key_id, str(key["x"]), str(key["y"])) for key_id, key in keys.items()]

    def _public_key(self, key_id: str | None) -> EllipticCurvePublicKey:
        """
        Raises:
            Unauthenticated: it is none of ours.
            Unavailable: it could not be fetched in time.
        """
        if key_id is None or key_id not in self._key_arns:
            raise Unauthenticated
        with self._lock:
            if key_id not in self._fetched:
                try:
                    der = self._kms.get_public_key(KeyId=self._key_arns[key_id])["PublicKey"]
                except (BotoCoreError, ClientError) as error:
                    raise Unavailable("token signer") from error
                key = load_der_public_key(der)
                assert isinstance(key, EllipticCurvePublicKey)
                self._fetched[key_id] = key
            return self._fetched[key_id]


def _key_id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


_: type[AccessTokens] = KmsAccessTokens
_keys: type[TokenKeys] = KmsAccessTokens
