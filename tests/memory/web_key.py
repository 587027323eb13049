from natter.ports.push import WebKey


class MemoryWebKey:
    def public_key(self) -> str:
        return "BKEY"


_: type[WebKey] = MemoryWebKey
