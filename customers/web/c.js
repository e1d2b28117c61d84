/* <script async src="https://SCRM/c.js" data-site="KEY"></script>, then scrm("track", "brochure", {page: 3}) */
(function (w, d, n) {
  var s = d.currentScript, u = new URL("/web/v1/events", s.src).href, o = s.dataset, q = [], t, T
  function get(k) { try { return w.localStorage.getItem("scrm_" + k) } catch (e) { return null } }
  function put(k, v) { try { w.localStorage.setItem("scrm_" + k, v) } catch (e) {} }
  function id() {
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, function (c) {
      return (c ^ (w.crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16)
    })
  }
  function off() {
    var c = get("consent")
    return n.doNotTrack == 1 || n.globalPrivacyControl || c == "no" || (o.consent == "required" && c != "yes")
  }
  function drop(m) { q.splice(0, m); put("q", JSON.stringify(q)) }
  function send(last) {
    if (!q.length || off() || n.onLine === false) return
    var v = get("v") || id(), m = Math.min(q.length, 40)
    put("v", v)
    var b = JSON.stringify({ events: q.slice(0, m), site: o.site, visitor: v, ticket: T })
    if (last) return n.sendBeacon && n.sendBeacon(u, b) && drop(m)
    fetch(u, { method: "POST", body: b, keepalive: true }).then(function (r) {
      if (r.status < 429) { drop(m); send() }
    }, function () {})
  }
  function track(kind, props) {
    if (off()) return
    if (kind.indexOf(".") < 0) props = Object.assign({ name: kind }, props), kind = "site.event"
    q.push({ id: id(), kind: kind, occurred_at: new Date().toISOString(), props: props || {} })
    q = q.slice(-200)
    drop(0)
    clearTimeout(t)
    t = setTimeout(send, 1500)
  }
  w.scrm = function (a, b, c) {
    if (a == "track") track(b, c)
    if (a == "consent") { put("consent", b ? "yes" : "no"); if (!b) q = [], drop(0) }
  }
  try { q = JSON.parse(get("q")) || [] } catch (e) {}
  T = new URLSearchParams(location.search).get("scrm_ticket") || ""
  track("page.viewed", { path: location.pathname.slice(0, 200), title: d.title.slice(0, 100) })
  var p = d.querySelector("[data-scrm-product]")
  if (p) track("product.viewed", { product: p.dataset.scrmProduct })
  w.addEventListener("online", function () { send() })
  w.addEventListener("pagehide", function () { send(1) })
})(window, document, navigator)
