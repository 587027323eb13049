from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.ports.privacy import Archives, Exporter, Exports


@dataclass(frozen=True, kw_only=True)
class AskForExport:
    """
    Where one's archive can be downloaded, or None: it is being made, ask again.

    Raises:
        Unavailable: a store did not answer in time, or it could not be started; asking again is safe.
    """

    exports: Exports
    archives: Archives
    exporter: Exporter
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, user: UserId) -> str | None:
        export = self.exports.ask(user, self.new_id(), at=self.now_ms())
        if export.done:
            return self.archives.link(user, export.export_id)
        if export.new:
            try:
                self.exporter.start(user, export.export_id)
            except Unavailable:
                self.exports.drop(user, export.export_id)
                raise
        return None
