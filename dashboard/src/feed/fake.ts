import type { Socket } from "./platform.ts";

/** A WebSocket whose other side is the test. Every one that a feed made is in `made`. */
export class FakeSocket implements Socket {
  static made: FakeSocket[] = [];

  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  readonly url: string;
  readonly protocol: string;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
    FakeSocket.made.push(this);
  }

  static get newest(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error("the feed has made no socket yet");
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  frame(data: unknown): void {
    this.onmessage?.({ data });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}
