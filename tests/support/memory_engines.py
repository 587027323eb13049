"""What functions are made of in tests: parts in memory."""

from natter.bootstrap.engines import Engines
from natter.settings import FunctionSettings


class MemoryEngines(Engines):
    """
    Whoever makes one sets the parts that it is to have, `engines.users = MemoryUsers()`, before a function is made of
    it. Others are made of these, as they are on AWS; one that would need an engine is refused, for want of settings.
    """

    def __init__(self) -> None:
        super().__init__(FunctionSettings(stage="memory"))
