import { Feed } from "./feed/index.ts";
import { Board } from "./model/index.ts";
import { Page } from "./view/index.ts";

// As often as an eye can follow; the server merges what lies between.
const UPDATES_PER_SECOND = 10;

const clock = {
  now: () => performance.now(),
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const page = new Page(document);
const board = new Board(clock, () => page.invalidate());
page.show(board);

const url = new URL("/v1/ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const feed = new Feed({ url: url.href, listener: board, clock });
feed.subscribe(["*"], { rate: UPDATES_PER_SECOND });
feed.open();
