// The sidebar beside a chat: asks WeCom who is talked to, and sends words, cards and plans into the chat. Without the SDK
// (a plain browser, the simulator, a network that blocks it) every button copies instead.
const body = document.body;
const say = (text) => { document.getElementById("sidebar-say").textContent = text; };
let ready = false;

async function connect() {
  if (typeof wx === "undefined") return;
  const page = location.href.split("#")[0];
  const reply = await fetch(`${body.dataset.signature}?url=${encodeURIComponent(page)}`);
  if (!reply.ok) return;
  const { config, agent } = await reply.json();
  wx.config({ beta: true, debug: false, appId: config.corpid, timestamp: config.timestamp, nonceStr: config.nonceStr, signature: config.signature, jsApiList: ["sendChatMessage", "getContext"] });
  wx.ready(() => wx.agentConfig({
    corpid: agent.corpid, agentid: agent.agentid, timestamp: agent.timestamp, nonceStr: agent.nonceStr, signature: agent.signature,
    jsApiList: ["getCurExternalContact", "sendChatMessage"],
    success: () => { ready = true; find(); },
  }));
}
function find() {
  if (new URLSearchParams(location.search).get("external_userid")) return;
  wx.invoke("getCurExternalContact", {}, (found) => {
    if (found.err_msg !== "getCurExternalContact:ok") return; // outside a chat: the search stays
    htmx.ajax("GET", `${body.dataset.customer}?external_userid=${encodeURIComponent(found.userId)}`, "#sidebar");
  });
}
async function put(text) {
  await navigator.clipboard.writeText(text);
  say(text);
}
function send(message, fallback) {
  if (!ready) return put(fallback);
  return new Promise((done) => wx.invoke("sendChatMessage", message, (found) => { if (!found.err_msg.endsWith(":ok")) put(fallback); done(); }));
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-say], [data-text], [data-card], [data-plan]");
  if (!button) return;
  const { say: from, text, card, plan, title } = button.dataset;
  if (from || text) {
    const words = text || document.querySelector(from).textContent;
    send({ msgtype: "text", text: { content: words } }, words);
  } else if (card) {
    send({ msgtype: "news", news: { link: `${location.origin}/m/${card}`, title, desc: "", imgUrl: `${location.origin}/covers/${card}.svg` } }, `${location.origin}/m/${card}`);
  } else if (plan) {
    send({ msgtype: "news", news: { link: location.origin + plan, title, desc: "", imgUrl: "" } }, location.origin + plan);
  }
});
window.addEventListener("load", connect);
