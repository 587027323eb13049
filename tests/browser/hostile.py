"""Texts, and names of people, as the protocol lets them through, that break pages that are not careful."""

ZALGO = "".join(chr(code) for code in range(0x0300, 0x0340))
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}"

TEXTS = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script><style>*{display:none}</style></div></main>",
    "markup in attributes": '"\'><svg onload=alert(1)>` onmouseover=alert(2) x="',
    "entities": "&lt;script&gt; &#60;b&#62; &amp;amp; &nbsp;",
    "templates": "{{constructor.constructor('alert(1)')()}} ${alert(1)} #{7*7} %s %n",
    "links that run": "javascript:alert(1) [x](javascript:alert(1)) data:text/html,<script>alert(1)</script>",
    "a link to somebody else": "https://bank.example@evil.example/ https://\u0430pple.example/",
    "a link of 7,000 letters": "https://example.invalid/" + "a" * 7000,
    "overrides that do not end": "\u202eThis is right to left, \u202d\u202e\u202e invoice_\u202efdp.exe",
    "isolates that do not end": "\u2066\u2067\u2068\u2067 where does this end?",
    "ends of what did not begin": "\u202c\u2069\u2069\u202c\u2069 after",
    "right to left": "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd (1, 2) https://example.com/\u05d0",
    "zalgo": "".join(letter + ZALGO for letter in "HE COMES"),
    "8,000 letters in one word": "W" * 8000,
    "2,000 lines": "\n".join("x" for _ in range(2000)),
    "8,000 wide spaces": "a" + "\u3000" * 7998 + "b",
    "no width at all": "\u200b\u200c\u200d\u2060\ufeffx" * 300,
    "families": FAMILY * 200,
    "the widest letters": "\ufdfd\U0001242b" * 200,
    "no characters": "\ufffe\uffff\U000e0001\U000e007f\ue000 x",
    "combining at the start": "\u0338\u20dd\u20e0 struck",
    "a prototype": "__proto__ constructor toString hasOwnProperty",
}

WIDE = ("a link of 7,000 letters", "zalgo", "8,000 letters in one word", "8,000 wide spaces", "the widest letters")
"""Of those, what breaks narrow windows."""

NAMES = {
    "script": "<script>alert(1)</script>",
    "an image": '"><img src=x onerror=alert(1)>',
    "64 letters": "W" * 64,
    "zalgo": "Z" + ZALGO[:60],
    "right to left": "\u202etfel ot thgir\u202c",
    "somebody else": "Natter \u2714 Admin",
    "families": FAMILY * 8,
    "a prototype": "__proto__",
}
"""Of at most 64 characters, on one line; what embeds ends."""
