"""Of docs/capacity.md: how more are served than one stage carries."""

from collections.abc import Iterator

from infra.capacity.bill import Bill
from infra.capacity.demand import Demand
from infra.capacity.limits import used
from infra.capacity.measured import Measured
from infra.capacity.sizing import sized
from infra.capacity.usage import Usage

USERS = 1_000_000
ALL = 10_000_000


def section(measured: Measured) -> Iterator[str]:
    number = ALL // USERS
    cell, whole = (Demand(Usage(users=users), measured) for users in (USERS, ALL))
    stage = sized(cell)
    bill = Bill(cell, stage)
    exceeded = [each for each in used(cell, stage) if each.share > 1]
    yield f"""
## Cells

Ten million connected are served by {number} *cells*: a whole stage each, in an account and Region of its own, for \
{USERS:,} of them. Not by one that is ten times as large, for these reasons:

* **Quotas are of an account in a Region.** Several WebSocket APIs in one account share its requests a second and its \
new connections a second, so they lift nothing; what they are good for is to be redeployed one at a time.
* **What one fault takes with it** is a tenth, a deployment can be seen in one cell before the others, and the \
registry of connections, which is rebuilt in minutes for a million ([benchmarks](benchmarks.md)), would take ten \
times as long.
* A partition is folded by one execution, so partitions grow with messages: {sized(whole).partitions:,} \
of them, times six topics and three replicas, are more than three brokers take.

What a cell has to ask of AWS, {USERS:,} connected:

| quota | needs | has before |
|---|---:|---:|
"""
    yield from (f"| {each.limit.name} | {each.needs:,.0f} {each.limit.unit} | {each.has:,.0f} |\n" for each in exceeded)
    yield f"""
How far AWS raises each is not public but for Lambda (tens of thousands); if it grants less, cells are smaller and \
there are more of them. A cell costs ${bill.total:,.0f} a month, {number} of them ${number * bill.total:,.0f}.

What is built, and what is not. A stage is a cell already: it has nothing outside of itself, names of its own, and \
`natter-capacity` sizes it. What cells need of each other does not exist yet, and is this:

1. **Who is where.** A user belongs to one cell for good (by a directory that maps a name to a cell, read when they \
sign in; the answer is the URL that clients keep). A global table (DynamoDB, or Route 53 names by cell) is small: one \
read for each sign-in.
2. **Conversations belong to a cell**, that of who founded them: its log decides (P2), so order, retries and history \
need nothing new. Members of other cells are members there under their user id; their admission is asked of their own \
cell once and cached as members are now.
3. **Frames go to the conversation's cell.** A client of another cell either opens a second socket there (nothing to \
build on the server but tokens that all cells verify: they are signed by KMS keys whose public halves can be shared), \
or its own cell hands its frame on (one hop more, and `send` needs the other's Kafka: an endpoint between accounts).
4. **Live delivery across cells** is the fan-out topic of one cell read by another: the connections of a user are \
known in their own cell only. `persist` posts to those at home, and leaves the others, one record for each cell, to \
`chat.fanout`; MSK Replicator or a function carries them over.
5. **Pushes, inbox, sync** are of the user's cell for what is at home, and asked of each other cell that they are in \
for the rest: a client that has a socket to both asks both.

With second sockets (3) the least is built: a directory, shared public keys, and clients that hold one connection for \
each cell in which they have conversations; where people mostly talk to those in the same country or company, that is \
mostly one. Each socket more costs its connection minutes and pings.
"""
