"""
Says again what it is told: `NATTER_URL=… NATTER_USER=… NATTER_PASSWORD=… python -m clients.bots.echo`.

Write to it `!echo words`, mention it, or react to something that it has said.
"""

from clients.bots.running import run
from natter_client import ReactionChanged
from natter_client.bots import Bot, Context

bot = Bot()


@bot.command("echo", summary="says it again")
async def echo(context: Context, words: str) -> None:
    context.state["said"] = context.state.get("said", 0) + 1
    await context.reply(words or "What?")


@bot.command("count", summary="how often it has said something here", cooldown_s=1)
async def count(context: Context, _: str) -> None:
    await context.reply(str(context.state.get("said", 0)))


@bot.mention
async def mentioned(context: Context) -> None:
    await context.reply("!help")


@bot.reaction
async def reacted(context: Context, reaction: ReactionChanged) -> None:
    if not reaction.removed and context.message and context.message.sender_id == context.client.user_id:
        context.conversation.react(reaction.seq, reaction.reaction)


if __name__ == "__main__":
    run(bot, "echo")
