// Two people with the TypeScript SDK, in Node. Takes {url, password, alice, bob} as a line, and says how far it is in lines.
import { createInterface } from "node:readline";
import { Natter } from "../../clients/web/sdk/dist/index.js";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, password, alice, bob } = JSON.parse((await lines.next()).value);

/** A network of one's own, which can be cut. */
class Network {
  isDown = false;
  #sockets = new Set();
  fetch = async (...call) => {
    if (this.isDown) throw new TypeError("offline");
    return fetch(...call);
  };
  WebSocket = ((network) =>
    class extends WebSocket {
      constructor(address) {
        super(address);
        network.#sockets.add(this);
      }
    })(this);
  cut() {
    this.isDown = true;
    for (const socket of this.#sockets) socket.close();
  }
}

/** Says on stderr what is waited for: the last line is where it hangs. */
function until(natter, is) {
  console.error(String(is));
  return new Promise((resolve) => {
    const look = () => is() && resolve();
    natter.on("conversation", look);
    natter.on("connection", look);
    look();
  });
}

const texts = (chat) => chat.snapshot.messages.map(({ content }) => content.text);
const network = new Network();
const ann = await Natter.signIn({ url, fetch: network.fetch, WebSocket: network.WebSocket }, { username: alice, password });
const ben = await Natter.signIn({ url }, { username: bob, password });
for (const each of [ann, ben]) {
  each.connect();
  await until(each, () => each.connection.state === "open");
}
const anns = await ann.direct(ben.userId);
const bens = ben.conversation(anns.id);

await anns.send("Hello");
await until(ben, () => texts(bens).includes("Hello"));
await bens.send("Hello yourself");
await until(ann, () => texts(anns).includes("Hello yourself"));
await bens.react(2, "👋");
await until(ann, () => anns.snapshot.messages[0].reactions?.[0]?.count === 1);
await until(ben, () => bens.snapshot.events.at(-1).type === "reaction");
bens.read();
await until(ann, () => anns.snapshot.others[ben.userId]?.read_seq >= 3);
console.log("talked");

await until(ann, () => ann.connection.state !== "open");
await until(ann, () => ann.connection.state === "open");
await anns.send("Back again");
await until(ben, () => texts(bens).includes("Back again"));
console.log("reconnected");

network.cut();
await until(ann, () => ann.connection.state === "waiting");
for (let n = 1; n <= 20; n++) await anns.send(`offline ${n}`);
await bens.send("Are you there?");
network.isDown = false;
await until(ben, () => texts(bens).includes("offline 20"));
await until(ann, () => ann.unsent.length === 0 && texts(anns).includes("Are you there?"));
console.log(JSON.stringify({ ann: texts(anns), ben: texts(bens), conversation: anns.id, state: anns.snapshot.messages.map((m) => m.state) }));
ann.disconnect();
ben.disconnect();
process.exit(0);
