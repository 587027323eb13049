"""How somebody is notified, as the HTTP API says it."""

from dataclasses import replace
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field

from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.accounts.time_zones import time_zone, time_zones
from natter.wire.base import Patch, WireModel


def _known(name: str) -> str:
    if name not in time_zones():
        raise ValueError("must be a time zone of the IANA database, as in Europe/Zurich")
    return name


Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""What a clock shows: hours and minutes."""

TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known)]


class Quiet(WireModel):
    """Every day, by the clock of a time zone; may pass midnight."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: Annotated[Clock, Field(alias="from")]
    to: Clock
    time_zone: TimeZone

    def to_hours(self) -> QuietHours:
        return QuietHours(
            begins=time.fromisoformat(self.from_), ends=time.fromisoformat(self.to), time_zone=time_zone(self.time_zone)
        )

    @classmethod
    def of(cls, hours: QuietHours) -> Self:
        return cls.model_validate(
            {"from": f"{hours.begins:%H:%M}", "to": f"{hours.ends:%H:%M}", "time_zone": hours.time_zone.key}
        )


class NotificationsPatch(Patch):
    """What is not named stays; null brings back the default: previews, piercing mentions, no quiet hours."""

    previews: bool | None = None
    mentions_pierce_mute: bool | None = None
    quiet: Quiet | None = None

    def apply(self, settings: Notifications) -> Notifications:
        if "previews" in self.model_fields_set:
            settings = replace(settings, previews=self.previews is not False)
        if "mentions_pierce_mute" in self.model_fields_set:
            settings = replace(settings, mentions_pierce_mute=self.mentions_pierce_mute is not False)
        if "quiet" in self.model_fields_set:
            settings = replace(settings, quiet=None if self.quiet is None else self.quiet.to_hours())
        return settings


class NotificationsAnswer(WireModel):
    previews: bool
    mentions_pierce_mute: bool
    quiet: Quiet | None

    @classmethod
    def of(cls, settings: Notifications) -> Self:
        return cls(
            previews=settings.previews,
            mentions_pierce_mute=settings.mentions_pierce_mute,
            quiet=None if settings.quiet is None else Quiet.of(settings.quiet),
        )


class NotificationsFrame(NotificationsAnswer):
    """How one wants to be notified was changed on another of one's devices."""

    type: Literal["notifications"] = "notifications"
