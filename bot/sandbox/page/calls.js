// The calls between bot and Bot API as they happen, and the switches that make them fail.

import { find, make } from "./elements.js";
import { say, writeTime } from "./words.js";

const METHODS = ["sendMessage", "editMessageText", "answerCallbackQuery", "answerInlineQuery", "getUpdates", "*"];
const KINDS = ["429", "502", "403", "reset", "hang", "lost"];
const SHOWN = 200;
const NEAR_PX = 60;

export class Calls {
  #list = find("call-list");

  // ask: sends a request to the server and reports what goes wrong.
  constructor(ask) {
    const name = (method) => (method === "*" ? say("any_method") : method);
    find("fault-method").append(...METHODS.map((value) => make("option", { value, text: name(value) })));
    find("fault-kind").append(...KINDS.map((value) => make("option", { value, text: say(`kind_${value}`) })));
    find("faults").addEventListener("submit", (event) => {
      event.preventDefault();
      const always = find("fault-always").checked;
      ask("fail", { method: find("fault-method").value, kind: find("fault-kind").value, always });
    });
    find("heal").addEventListener("click", () => ask("heal"));
    find("with-polls").addEventListener("change", (event) => {
      this.#list.classList.toggle("with-polls", event.target.checked);
      this.scrollToEnd();
    });
  }

  clear() {
    this.#list.replaceChildren();
  }

  show(calls) {
    const list = this.#list;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    for (const call of calls) {
      const drawn = drawCall(call);
      const old = find(drawn.id);
      if (old) {
        drawn.firstChild.open = old.firstChild.open;
        old.replaceWith(drawn);
      } else list.append(drawn);
    }
    while (list.children.length > SHOWN) list.firstChild.remove();
    if (isAtEnd) this.scrollToEnd();
  }

  showFaults(faults) {
    const lines = faults.map(({ method, left }) => `${method === "*" ? say("any_method") : method}${left === null ? " ∞" : ` ×${left}`}`);
    find("fault-list").textContent = lines.length ? say("failing", { methods: lines.join(", ") }) : "";
    find("heal").disabled = !lines.length;
  }

  scrollToEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function drawCall(call) {
  const state = call.error ? "refused" : call.finished ? "done" : "open";
  const isPoll = call.method === "getUpdates" && !call.error;
  return make(
    "li",
    { id: `call-${call.number}`, class: `${state}${isPoll ? " poll" : ""}` },
    make(
      "details",
      {},
      make(
        "summary",
        {},
        make("span", { class: "sign", "aria-hidden": "true", text: { refused: "✕", done: "✓", open: "…" }[state] }),
        make("code", { text: call.method }),
        make("time", { text: writeTime(call.at, true) }),
      ),
      make("pre", { text: call.parameters }),
    ),
    call.error ? make("p", { class: "error", dir: "auto", text: call.error }) : null,
  );
}
