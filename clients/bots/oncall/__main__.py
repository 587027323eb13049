"""
Who is on call, conversation by conversation: `make run BOT=oncall`, or, beside any deployment,
`NATTER_URL=… NATTER_USER=… NATTER_PASSWORD=… python -m clients.bots.oncall`.

`!rota ann ben cem` says who takes turns, `!handover` gives it to the next of them, `!handover cem` to Cem, and whoever
mentions the bot is told who it is now. What it knows is in its store: it goes on where it was.
"""

import time

from clients.bots.running import run
from natter_client.bots import Bot, Context

KEPT = 5
"""Handovers that it remembers."""
bot = Bot()


def on_call(context: Context) -> str:
    names = context.state.get("names")
    return f"{names[context.state['turn']]} is on call" if names else "Nobody is on call. Begin with !rota NAME NAME …"


@bot.command("rota", summary="NAME NAME …: who takes turns, in this order; without names, who they are")
async def rota(context: Context, words: str) -> None:
    if names := list(dict.fromkeys(words.split())):
        context.state.update(names=names, turn=0, handovers=[])
    await context.reply(f"{' → '.join(context.state.get('names', ['?']))}. {on_call(context)}")


@bot.command("oncall", summary="who is on call")
async def who(context: Context, _: str) -> None:
    await context.reply(on_call(context))


@bot.command("handover", summary="the next one takes over, or NAME")
async def handover(context: Context, name: str) -> None:
    names = context.state.get("names", [])
    if not names or (name and name not in names):
        await context.reply(f"{name or 'Nobody'} is not in the rota.")
        return
    context.state["turn"] = names.index(name) if name else (context.state["turn"] + 1) % len(names)
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime((context.message.at if context.message else 0) / 1000))
    context.state["handovers"] = [*context.state["handovers"], f"{at} {names[context.state['turn']]}"][-KEPT:]
    await context.reply(on_call(context))


@bot.command("handovers", summary="the last of them, in UTC")
async def handovers(context: Context, _: str) -> None:
    await context.reply("\n".join(context.state.get("handovers", [])) or "None yet.")


@bot.mention
async def mentioned(context: Context) -> None:
    await context.reply(on_call(context))


if __name__ == "__main__":
    run(bot, "oncall")
