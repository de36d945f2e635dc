import { Feed } from "./feed/index.ts";
import { Board, Preferences, Token } from "./model/index.ts";
import { Rest } from "./rest/index.ts";
import { Page, Place } from "./view/index.ts";

const clock = {
  now: () => performance.now(),
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

let page: Page | undefined;
const token = new Token(sessionStorage, localStorage);
const board = new Board({ answers: new Rest(() => token.current), token, clock, wall: () => Date.now(), changed: () => page?.invalidate() });

/** A WebSocket whose frames are counted. Their text is of ASCII: a character is a byte. */
class CountedSocket extends WebSocket {
  constructor(url: string, protocols: string) {
    super(url, protocols);
    this.addEventListener("message", ({ data }) => board.flow.frame(typeof data === "string" ? data.length : 0));
  }
}

const preferences = new Preferences(localStorage);
const url = new URL("/v1/ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const feed = new Feed({ url: url.href, listener: board, token: () => token.current, clock, socket: CountedSocket, bytesPerS: preferences.bytesPerS });
const interest = board.start(feed, preferences.rate);
feed.open(); // it connects while the page is built
page = new Page({
  document,
  board,
  interest,
  preferences,
  place: new Place(window),
  budget: (bytesPerS) => feed.budget(bytesPerS),
  reconnect: () => feed.reopen(),
});
