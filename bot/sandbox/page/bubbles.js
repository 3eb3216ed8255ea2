// Messages as bubbles: drawn anew when they change, in place, with the focus where it was.

import { find, make, makeFace, makeIcon } from "./elements.js";
import { fillText, settleQuotes } from "./rich_text.js";
import { say, writeSize, writeTime } from "./words.js";

const NEAR_PX = 80;

export class Bubbles {
  #shown = new Map();
  #folds = new Map();
  #list = find("messages");
  #log = find("log");

  // on: what happens when somebody presses, replies, edits, follows a link, sends a command.
  constructor(on) {
    this.on = on;
  }

  get size() {
    return this.#shown.size;
  }

  clear() {
    this.#shown.clear();
    this.#folds.clear();
    this.#list.replaceChildren();
  }

  // Show messages that are new or have changed.
  show(messages) {
    const isAtEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_PX;
    let isOwn = false;
    for (const message of messages) {
      if (message.deleted) this.#remove(message.id);
      else {
        isOwn ||= message.mine && !this.#shown.has(message.id);
        this.#put(message);
      }
    }
    settleQuotes(this.#list);
    if (isAtEnd || isOwn) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  // The latest message of one's own that has a text, for editing it.
  latestOwn() {
    return [...this.#shown.values()].findLast((message) => message.mine && message.text);
  }

  #remove(id) {
    this.#shown.delete(id);
    find(`message-${id}`)?.remove();
  }

  #put(message) {
    const before = this.#shown.get(message.id);
    if (before?.text !== message.text) this.#folds.set(message.id, new Set());
    this.#shown.set(message.id, message);
    const drawn = this.#draw(message);
    const old = find(`message-${message.id}`);
    if (!old) {
      this.#list.append(drawn);
      return;
    }
    const spot = old.contains(document.activeElement) ? document.activeElement.dataset.spot : undefined;
    old.replaceWith(drawn);
    if (spot) drawn.querySelector(`[data-spot="${spot}"]`)?.focus();
  }

  #draw(message) {
    const id = `message-${message.id}`;
    if (message.service) {
      return make("li", { id, class: "service", text: say(`service_${message.service.kind}`, message.service) });
    }
    const kinds = ["message", message.mine ? "mine" : "theirs", message.bot ? "from-bot" : ""].join(" ");
    const bubble = make(
      "div",
      { class: "bubble" },
      make("p", { class: `name colour-${message.colour}` }, make("bdi", { text: message.name })),
      message.via ? make("p", { class: "via", text: say("via", { name: `@${message.via}` }) }) : null,
      message.reply ? this.#drawReply(message.reply) : null,
      message.file ? drawFile(message.file) : null,
      message.text ? this.#drawText(message) : null,
      this.#drawStamp(message),
    );
    const face = message.mine ? null : makeFace(message.name, message.colour);
    return make("li", { id, class: kinds }, face, bubble, this.#drawKeyboard(message));
  }

  #drawText(message) {
    const element = make("div", { class: "text", dir: "auto" });
    fillText(element, message.text, message.entities, {
      folds: this.#folds.get(message.id),
      onLink: this.on.link,
      onCommand: this.on.command,
    });
    return element;
  }

  #drawReply(reply) {
    const jump = () => find(`message-${reply.id}`)?.scrollIntoView({ block: "center", behavior: "smooth" });
    const label = say("replies_to", { name: reply.name });
    return make(
      "button",
      { type: "button", class: "reply", "aria-label": `${label}: ${reply.text}`, onclick: jump },
      make("strong", { text: reply.name }),
      make("span", { dir: "auto", text: reply.text }),
    );
  }

  // What can be done with a message, and when it was written.
  #drawStamp(message) {
    const draw = (name, act) => {
      const label = { "data-spot": name, "aria-label": say(name), title: say(name) };
      return make("button", { ...label, type: "button", onclick: () => act(message) }, makeIcon(name));
    };
    return make(
      "div",
      { class: "stamp" },
      draw("reply", this.on.reply),
      message.mine && message.text ? draw("edit", this.on.edit) : null,
      message.edited ? make("span", { class: "edited", text: say("edited") }) : null,
      make("time", { datetime: new Date(message.date * 1000).toISOString(), text: writeTime(message.date) }),
    );
  }

  #drawKeyboard(message) {
    if (!message.rows.length) return null;
    const rows = message.rows.map((row, rowNumber) =>
      make(
        "div",
        { class: "row" },
        ...row.map((button, column) => this.#drawButton(message, button, rowNumber, column)),
      ),
    );
    return make("div", { class: "keyboard", role: "group", "aria-label": say("buttons") }, ...rows);
  }

  #drawButton(message, button, row, column) {
    const spot = { "data-spot": `${row}-${column}`, dir: "auto" };
    if (button.kind === "url") {
      const open = (event) => this.on.link(new URL(button.value)) && event.preventDefault();
      const where = { href: button.value, target: "_blank", rel: "noopener noreferrer", onclick: open };
      return make("a", { ...spot, ...where, class: "leading", text: button.text });
    }
    const press = async (event) => {
      const pressed = event.currentTarget;
      pressed.setAttribute("aria-busy", "true");
      await this.on.press(message, button, row, column);
      pressed.removeAttribute("aria-busy");
    };
    return make("button", { ...spot, type: "button", text: button.text, onclick: press });
  }
}

function drawFile(file) {
  const address = `/file/${encodeURIComponent(file.id)}`;
  if (file.picture) {
    const size = { width: file.width, height: file.height };
    return make("img", { class: "picture", src: address, alt: say("picture"), ...size });
  }
  return make(
    "a",
    { class: "file", href: address, download: file.name },
    make("span", { class: "sign" }, makeIcon("file")),
    make("span", { class: "about" }, make("bdi", { text: file.name }), make("small", { text: writeSize(file.size) })),
  );
}
