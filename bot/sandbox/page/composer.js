// Where somebody writes: texts, edits, replies, files, commands, and "@bot …" for inline mode.

import { find, make } from "./elements.js";
import { say } from "./words.js";

const INLINE_PAUSE_MS = 250;

export class Composer {
  #text = find("text");
  #suggestions = find("suggestions");
  #frame = null;
  #about = null; // {kind: "edit" | "reply", message}
  #inline = { timer: 0, query: null, offset: "" };

  // ask sends a request and shows what goes wrong; viewer tells who and where, as a query; complain shows words.
  constructor({ ask, viewer, latestOwn, onStartLink, complain }) {
    Object.assign(this, { ask, viewer, latestOwn, onStartLink, complain });
    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("input", () => this.#look());
    this.#text.addEventListener("keydown", (event) => this.#onKey(event));
    find("leave").addEventListener("click", () => this.leave());
    find("show-commands").addEventListener("click", () => this.#toggleCommands());
    find("attach").addEventListener("click", () => find("file").click());
    find("file").addEventListener("change", (event) => this.#upload(event.target));
    this.#suggestions.addEventListener("keydown", (event) => this.#onSuggestionKey(event));
  }

  // Take the state around the chat over.
  show(frame) {
    const isElsewhere = this.#frame && (this.#frame.person !== frame.person || this.#frame.place !== frame.place);
    this.#frame = frame;
    if (isElsewhere) {
      this.leave();
      this.#hideSuggestions();
    }
    find("show-commands").hidden = !frame.commands.length;
  }

  edit(message) {
    this.#setAbout("edit", message);
    this.#text.value = message.text;
    this.#text.focus();
  }

  reply(message) {
    this.#setAbout("reply", message);
    this.#text.focus();
  }

  // Put words into the field, as a button of the bot may do.
  write(words) {
    this.#text.value = words;
    this.#text.focus();
    this.#look();
  }

  leave() {
    if (this.#about?.kind === "edit") this.#text.value = "";
    this.#about = null;
    find("about-message").hidden = true;
  }

  #setAbout(kind, message) {
    this.#about = { kind, message };
    find("about-what").textContent = kind === "edit" ? say("editing") : say("replies_to", { name: message.name });
    find("about-text").textContent = message.text;
    find("about-message").hidden = false;
  }

  async #send() {
    const text = this.#text.value;
    if (!text.trim()) return;
    const about = this.#about;
    const here = this.viewer();
    this.#text.value = "";
    this.leave();
    this.#hideSuggestions();
    const isSaid =
      about?.kind === "edit"
        ? await this.ask("edit", { message: about.message.id, text })
        : await this.ask("say", { text, reply_to: about?.message.id ?? null });
    if (isSaid || this.#text.value || this.viewer() !== here) return;
    // What could not be sent is not lost.
    if (about) this.#setAbout(about.kind, about.message);
    this.#text.value = text;
  }

  async #upload(input) {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    const query = new URLSearchParams(this.viewer());
    query.set("name", file.name);
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    try {
      const response = await fetch(`/upload?${query}`, { method: "POST", headers, body: file });
      if (response.ok) return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the server is away
    }
    this.complain(say("not_taken", { name: file.name }));
  }

  #onKey(event) {
    if (event.isComposing) return;
    const first = this.#suggestions.hidden ? null : this.#suggestions.querySelector("button");
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape") {
      this.leave();
      this.#hideSuggestions();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && first) {
      event.preventDefault();
      first.focus();
    } else if (event.key === "ArrowUp" && !this.#text.value) {
      const latest = this.latestOwn();
      if (latest) this.edit(latest);
    }
  }

  #onSuggestionKey(event) {
    const buttons = [...this.#suggestions.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = buttons[buttons.indexOf(document.activeElement) + step];
      (next ?? this.#text).focus();
    } else if (event.key === "Escape") {
      this.#hideSuggestions();
      this.#text.focus();
    }
  }

  // Offer commands where a text begins with a slash, results where it begins with the bot's name.
  #look() {
    const text = this.#text.value;
    const inline = new RegExp(`^@${this.#frame.bot.username}\\s(.*)$`, "is").exec(text);
    clearTimeout(this.#inline.timer);
    if (inline && !this.#about) {
      this.#inline.timer = setTimeout(() => this.#askInline(inline[1], ""), INLINE_PAUSE_MS);
    } else if (/^\/\w*$/.test(text)) this.#showCommands(text.slice(1));
    else this.#hideSuggestions();
  }

  #toggleCommands() {
    if (this.#suggestions.hidden) {
      this.#showCommands("");
      this.#suggestions.querySelector("button")?.focus();
    } else this.#hideSuggestions();
  }

  #showCommands(beginning) {
    const found = this.#frame.commands.filter(({ command }) => command.startsWith(beginning));
    const items = found.map(({ command, description }) => {
      const send = () => {
        this.#text.value = "";
        this.#hideSuggestions();
        this.#text.focus();
        const at = document.body.classList.contains("in-group") ? `@${this.#frame.bot.username}` : "";
        this.ask("say", { text: `/${command}${at}` });
      };
      return drawSuggestion(`/${command}`, description, send);
    });
    this.#suggest(say("commands"), items);
  }

  async #askInline(query, offset) {
    this.#inline.query = query;
    const answer = await this.ask("inline", { query, offset });
    if (!answer || this.#inline.query !== query || !this.#text.value) return;
    const items = answer.results.map((result) => {
      const choose = () => {
        this.#text.value = "";
        this.#hideSuggestions();
        this.#text.focus();
        this.ask("choose", { query: answer.query, result: result.id });
      };
      return drawSuggestion(result.title, result.description, choose);
    });
    if (answer.button) {
      const open = () => this.onStartLink(answer.button.start_parameter ?? "");
      items.unshift(drawSuggestion(answer.button.text, "", open));
    }
    if (answer.next_offset) {
      items.push(drawSuggestion(say("more"), "", () => this.#askInline(query, answer.next_offset)));
    }
    if (!items.length) items.push(make("li", { class: "nothing", text: say("no_results") }));
    this.#suggest(say("results"), items);
  }

  #suggest(label, items) {
    this.#suggestions.hidden = !items.length;
    find("show-commands").setAttribute("aria-expanded", String(items.length > 0));
    this.#suggestions.replaceChildren(make("ul", { "aria-label": label }, ...items));
  }

  #hideSuggestions() {
    this.#inline.query = null;
    this.#suggest("", []);
  }
}

function drawSuggestion(title, about, choose) {
  const button = make(
    "button",
    { type: "button", onclick: choose },
    make("strong", { dir: "auto", text: title }),
    about ? make("span", { dir: "auto", text: about }) : null,
  );
  return make("li", {}, button);
}
