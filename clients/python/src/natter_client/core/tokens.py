"""Access and refresh token, with several processes over one store."""

from collections.abc import Mapping
from typing import Any

from natter_client.core.part import Effect, Given, Random

EARLY_MS = 30_000
AGAIN_MS, UNAVAILABLE_MS = 1_000, 1_000
TOO_MANY, SERVER_ERRORS = 429, 500


class Tokens:
    def __init__(self, tokens: Mapping[str, Any] | None) -> None:
        self.tokens = None if tokens is None else dict(tokens)
        self.wake_at: int | None = None
        self._waiting: list[str] = []
        self._stale: str | None = None
        """The refresh token that there was when the lock was asked for; None: it was not."""
        self._repeated = False

    def view(self) -> dict[str, Any]:
        return {"tokens": self.tokens, "waiting": list(self._waiting)}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:
        effects: list[Effect] = []
        match given["type"]:
            case "need":
                self._need(given["id"], at, effects)
            case "rejected":
                self._rejected(given["id"], given["access_token"], effects)
            case "locked":
                self._locked(given["tokens"], at, effects)
            case "refreshed" if self._stale is not None:
                self.tokens = dict(given["tokens"])
                effects.append({"type": "save", "tokens": self.tokens})
                self._unlock(effects)
                self._serve(effects)
            case "refresh_failed" if self._stale is not None:
                self._failed(given["status"], given.get("retry_after_ms"), at, random, effects)
            case "changed":
                if given["tokens"] is not None:
                    self.tokens = dict(given["tokens"])
                elif self.tokens is not None:
                    self._sign_out(effects)
            case "wake" if self.tokens is not None and self.wake_at is not None:
                self.wake_at = None
                effects.append({"type": "refresh", "refresh_token": self.tokens["refresh_token"]})
        return effects

    def _need(self, call: str, at: int, effects: list[Effect]) -> None:
        if self.tokens is None:
            effects.append({"type": "refused", "id": call})
        elif at < self.tokens["expires_at"] - EARLY_MS and not self._waiting:
            effects.append({"type": "use", "id": call, "access_token": self.tokens["access_token"]})
        else:
            self._wait(call, effects)

    def _rejected(self, call: str, access_token: str, effects: list[Effect]) -> None:
        if self.tokens is None:
            effects.append({"type": "refused", "id": call})
        elif access_token != self.tokens["access_token"]:
            effects.append({"type": "use", "id": call, "access_token": self.tokens["access_token"]})
        else:
            self._wait(call, effects)

    def _wait(self, call: str, effects: list[Effect]) -> None:
        self._waiting.append(call)
        if self._stale is None and self.tokens is not None:
            self._stale, self._repeated = self.tokens["refresh_token"], False
            effects.append({"type": "lock"})

    def _locked(self, stored: Mapping[str, Any] | None, at: int, effects: list[Effect]) -> None:
        if self._stale is None:
            effects.append({"type": "unlock"})  # nobody waits any more
        elif stored is None:
            self._sign_out(effects)
        elif stored["refresh_token"] != self._stale and at < stored["expires_at"] - EARLY_MS:
            self.tokens = dict(stored)
            self._unlock(effects)
            self._serve(effects)
        else:
            self.tokens = dict(stored)
            effects.append({"type": "refresh", "refresh_token": stored["refresh_token"]})

    def _failed(self, status: int, after_ms: int | None, at: int, random: Random, effects: list[Effect]) -> None:
        if status == 0 and not self._repeated:
            self._repeated = True
            self.wake_at = at + int(AGAIN_MS * random())
        elif status in {0, TOO_MANY} or status >= SERVER_ERRORS:
            self._unlock(effects)
            wait_ms = UNAVAILABLE_MS if after_ms is None else after_ms
            waiting, self._waiting = self._waiting, []
            effects.extend({"type": "unavailable", "id": call, "retry_after_ms": wait_ms} for call in waiting)
        else:
            self._sign_out(effects)

    def _unlock(self, effects: list[Effect]) -> None:
        if self._stale is not None:
            self._stale = None
            effects.append({"type": "unlock"})

    def _serve(self, effects: list[Effect]) -> None:
        assert self.tokens is not None
        waiting, self._waiting = self._waiting, []
        token = self.tokens["access_token"]
        effects.extend({"type": "use", "id": call, "access_token": token} for call in waiting)

    def _sign_out(self, effects: list[Effect]) -> None:
        self.tokens, self.wake_at = None, None
        self._unlock(effects)
        effects.append({"type": "signed_out"})
        waiting, self._waiting = self._waiting, []
        effects.extend({"type": "refused", "id": call} for call in waiting)
