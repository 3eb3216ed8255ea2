// The WebSocket: news come in, requests go out and are answered. It connects again by itself.

import { say } from "./words.js";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;

export class Live {
  #socket = null;
  #pause = FIRST_PAUSE_MS;
  #next = 1;
  #waiting = new Map();

  // where: returns the viewer as a query; onNews and onConnection are told what comes.
  constructor({ where, onNews, onConnection }) {
    Object.assign(this, { where, onNews, onConnection });
  }

  connect() {
    const socket = new WebSocket(`ws://${location.host}/live?${this.where()}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#pause = FIRST_PAUSE_MS;
      this.onConnection(true);
    });
    socket.addEventListener("message", (event) => this.#take(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(say("gone")));
      this.#waiting.clear();
      this.onConnection(false);
      setTimeout(() => this.connect(), this.#pause);
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    });
  }

  // Ask for something to be done; the promise fails with the server's words.
  ask(action, request = {}) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error(say("gone")));
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ ...request, do: action, id }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #take(news) {
    if (news.answer === undefined) {
      this.onNews(news);
      return;
    }
    const asked = this.#waiting.get(news.answer);
    this.#waiting.delete(news.answer);
    if (news.error) asked?.reject(new Error(news.error));
    else asked?.resolve(news);
  }
}
